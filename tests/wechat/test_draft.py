from dataclasses import replace
from typing import Any

import pytest

from wechat.call import BadAnswer, OutcomeUnknown, WeChatRefused
from wechat.draft import Article, DraftClient
from wechat.listing import Page

ARTICLE = Article(title="标题", content="<p>文</p>", thumb_media_id="T1")


async def test_a_draft_is_added_with_wechats_field_names(fake_call: Any) -> None:
    call = fake_call({"media_id": "D1"})
    assert await DraftClient(call).add("main", [ARTICLE]) == "D1"
    (sent,) = call.asked[0][2]["articles"]
    assert sent["thumb_media_id"] == "T1"
    assert sent["need_open_comment"] == 0


async def test_an_answer_without_media_id_leaves_the_outcome_unknown(fake_call: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        await DraftClient(fake_call({})).add("main", [ARTICLE])


async def test_lists_are_lists_of_objects_or_nothing(fake_call: Any) -> None:
    item = {"media_id": "D1", "update_time": 1}
    assert await DraftClient(fake_call({"item": [item]})).batchget("main") == [item]
    for bad in ({}, {"item": None}, {"item": ["x"]}):
        with pytest.raises(BadAnswer):
            await DraftClient(fake_call(bad)).batchget("main")


async def test_a_draft_is_read_back(fake_call: Any) -> None:
    call = fake_call({"news_item": [{"url": "http://mp.weixin.qq.com/s?tempkey=1"}]})
    (article,) = await DraftClient(call).get("main", "D1")
    assert article["url"].startswith("http://mp.weixin.qq.com/")
    assert call.asked == [("main", "/cgi-bin/draft/get", {"media_id": "D1"})]


async def test_a_newspic_names_its_pictures_and_no_thumb(fake_call: Any) -> None:
    article = Article(
        title="图",
        content="文",
        article_type="newspic",
        image_media_ids=["P1", "P2"],
        crops={"1_1": (0, 0.1234567, 0.000001, 1)},
        product_key="K",
    )
    call = fake_call({"media_id": "D1"})
    await DraftClient(call).add("main", [ARTICLE, article])
    plain, sent = call.asked[0][2]["articles"]
    assert plain.keys() & {"image_info", "cover_info", "product_info"} == set()
    assert "thumb_media_id" not in sent
    assert sent["image_info"] == {
        "image_list": [{"image_media_id": "P1"}, {"image_media_id": "P2"}]
    }
    crop = {"ratio": "1_1", "x1": "0", "y1": "0.123457", "x2": "0.000001", "y2": "1"}
    assert sent["cover_info"] == {"crop_percent_list": [crop]}
    assert sent["product_info"] == {"footer_product_info": {"product_key": "K"}}
    assert (article.cover, article.media_ids) == ("P1", ("P1", "P2"))
    assert (ARTICLE.cover, ARTICLE.media_ids) == ("T1", ("T1",))


async def test_a_news_crops_its_cover_in_two_fields_and_sends_none_without(fake_call: Any) -> None:
    cropped = replace(ARTICLE, crops={"2.35_1": (0, 0.25, 1, 0.7891236), "16_9": (0, 0, 1, 1)})
    assert cropped.as_json()["pic_crop_235_1"] == "0_0.25_1_0.789124"
    assert "pic_crop_1_1" not in cropped.as_json()
    assert not [name for name in ARTICLE.as_json() if "crop" in name]


async def test_a_page_tells_how_long_the_list_is(fake_call: Any) -> None:
    item = {"media_id": "D", "content": {"news_item": []}, "update_time": 1}
    call = fake_call({"item": [item], "total_count": 3, "item_count": 1})
    assert await DraftClient(call).page("main", offset=2, count=1) == Page([item], 3)
    assert call.asked[0][2] == {"offset": 2, "count": 1, "no_content": 1}


async def test_drafts_are_counted_by_a_get(fake_call: Any) -> None:
    call = fake_call({"total_count": 7}, {"total_count": "7"})
    assert await DraftClient(call).count("main") == 7
    assert call.asked == [("main", "/cgi-bin/draft/count", {})]
    with pytest.raises(BadAnswer):
        await DraftClient(call).count("main")


async def test_an_update_sends_one_object_at_an_index(fake_call: Any) -> None:
    call = fake_call({"errcode": 0})
    await DraftClient(call).update("main", "D1", 2, ARTICLE)
    (asked,) = call.asked
    assert asked[1] == "/cgi-bin/draft/update"
    assert asked[2] == {"media_id": "D1", "index": 2, "articles": ARTICLE.as_json()}


class Refusing:
    """A Call that WeChat refuses."""

    def __init__(self, errcode: int) -> None:
        self.errcode = errcode

    async def post(self, _account: str, path: str, _body: Any) -> dict[str, Any]:
        raise WeChatRefused(errcode=self.errcode, errmsg="", path=path)


async def test_a_draft_that_is_gone_needs_not_be_deleted(fake_call: Any) -> None:
    assert await DraftClient(fake_call({"errcode": 0})).delete("main", "D1")
    gone: Any = Refusing(40007)
    assert not await DraftClient(gone).delete("main", "D1")
    busy: Any = Refusing(45009)
    with pytest.raises(WeChatRefused):
        await DraftClient(busy).delete("main", "D1")
