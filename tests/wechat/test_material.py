from typing import Any

import pytest

from wechat.call import BadAnswer, Upload, WeChatRefused
from wechat.listing import Page
from wechat.material import Material, MaterialClient

PICTURE = Upload("a.png", "image/png", b"png")


async def test_an_article_images_url_comes_back_as_https(fake_call: Any) -> None:
    call = fake_call({"url": "http://mmbiz.qpic.cn/a/0?wx_fmt=png"})
    url = await MaterialClient(call).uploadimg("main", PICTURE)
    assert url == "https://mmbiz.qpic.cn/a/0?wx_fmt=png"
    assert call.asked == [("main", "/cgi-bin/media/uploadimg", (PICTURE, {}))]


async def test_a_permanent_image_gives_its_media_id(fake_call: Any) -> None:
    call = fake_call({"media_id": "M1", "url": "http://mmbiz.qpic.cn/b"})
    added = await MaterialClient(call).add_image("main", PICTURE)
    assert added == Material("M1", "https://mmbiz.qpic.cn/b")
    assert call.asked[0][2][1] == {"type": "image"}


async def test_a_thumb_gives_its_media_id(fake_call: Any) -> None:
    call = fake_call({"media_id": "M2"})
    assert await MaterialClient(call).add_thumb("main", PICTURE) == "M2"
    assert call.asked[0][2][1] == {"type": "thumb"}


@pytest.mark.parametrize("answer", [{}, {"url": ""}, {"url": 3}, {"url": "javascript:x"}])
async def test_an_answer_without_a_url_is_no_success(fake_call: Any, answer: Any) -> None:
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call(answer)).uploadimg("main", PICTURE)


async def test_an_answer_without_a_media_id_is_no_success(fake_call: Any) -> None:
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call({"url": "u"})).add_image("main", PICTURE)
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call({"url": "u"})).add_thumb("main", PICTURE)


async def test_a_page_is_of_one_type(fake_call: Any) -> None:
    item = {"media_id": "M", "name": "a.png", "update_time": 1, "url": "http://x"}
    call = fake_call({"item": [item], "total_count": 21, "item_count": 1})
    assert await MaterialClient(call).page("main", "image", offset=20) == Page([item], 21)
    asked = {"type": "image", "offset": 20, "count": 20}
    assert call.asked == [("main", "/cgi-bin/material/batchget_material", asked)]


async def test_materials_are_counted_by_type(fake_call: Any) -> None:
    answer = {"voice_count": 1, "video_count": 2, "image_count": 3, "news_count": 0}
    counts = await MaterialClient(fake_call(answer)).counts("main")
    assert counts == {"image": 3, "voice": 1, "video": 2, "news": 0}
    with pytest.raises(BadAnswer):
        await MaterialClient(fake_call({**answer, "news_count": None})).counts("main")


async def test_what_is_not_json_is_described_as_wechat_does(fake_call: Any) -> None:
    call = fake_call({"title": "片", "down_url": "http://x"})
    assert (await MaterialClient(call).describe("main", "M"))["title"] == "片"
    assert call.asked == [("main", "/cgi-bin/material/get_material", {"media_id": "M"})]


async def test_a_second_delete_says_that_there_is_none(fake_call: Any, refusing: Any) -> None:
    call = fake_call({"errcode": 0})
    assert await MaterialClient(call).delete("main", "M")
    assert call.asked == [("main", "/cgi-bin/material/del_material", {"media_id": "M"})]
    assert not await MaterialClient(refusing(40007)).delete("main", "M")
    with pytest.raises(WeChatRefused):
        await MaterialClient(refusing(48005)).delete("main", "M")
