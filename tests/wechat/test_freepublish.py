from typing import Any

import pytest

from wechat.call import BadAnswer, OutcomeUnknown, WeChatRefused
from wechat.freepublish import FreepublishClient, Publication, PublishStatus
from wechat.listing import Page


async def test_submit_gives_the_publish_id_as_text(fake_call: Any) -> None:
    call = fake_call({"errcode": 0, "errmsg": "ok", "publish_id": 2247483655})
    assert await FreepublishClient(call).submit("main", "D1") == "2247483655"


async def test_submit_without_publish_id_is_unknown(fake_call: Any) -> None:
    for answer in ({"errcode": 0}, {"publish_id": ""}, {"publish_id": None}):
        with pytest.raises(OutcomeUnknown):
            await FreepublishClient(fake_call(answer)).submit("main", "D1")


async def test_a_finished_publication_names_article_and_urls(fake_call: Any) -> None:
    answer = {
        "publish_id": "1",
        "publish_status": 0,
        "article_id": "A1",
        "article_detail": {
            "count": 2,
            "item": [
                {"idx": 2, "article_url": "http://x/s/2"},
                {"idx": 1, "article_url": "http://x/s/1"},
            ],
        },
    }
    got = await FreepublishClient(fake_call(answer)).get("main", "1")
    assert got == Publication(PublishStatus.DONE, "A1", ("http://x/s/1", "http://x/s/2"))


@pytest.mark.parametrize(
    "detail", [None, "x", {}, {"item": None}, {"item": []}, {"item": ["x"]}, {"item": [{}]}]
)
async def test_a_publication_in_progress_has_no_url(fake_call: Any, detail: Any) -> None:
    answer = {"publish_status": 1, "article_detail": detail}
    assert await FreepublishClient(fake_call(answer)).get("main", "1") == Publication(1)


@pytest.mark.parametrize("status", [None, "0", True, 1.0])
async def test_a_status_that_is_no_integer_is_refused(fake_call: Any, status: Any) -> None:
    with pytest.raises(BadAnswer):
        await FreepublishClient(fake_call({"publish_status": status})).get("main", "1")


async def test_published_articles_are_listed(fake_call: Any) -> None:
    item = {"article_id": "A1", "content": {"news_item": []}, "update_time": 1}
    assert await FreepublishClient(fake_call({"item": [item]})).batchget("main") == [item]
    with pytest.raises(BadAnswer):
        await FreepublishClient(fake_call({"item": [1]})).batchget("main")


async def test_a_page_tells_how_long_the_list_is(fake_call: Any) -> None:
    item = {"article_id": "A1", "content": {"news_item": []}, "update_time": 1}
    call = fake_call({"item": [item], "total_count": 3, "item_count": 1})
    assert await FreepublishClient(call).page("main", offset=2, count=1) == Page([item], 3)
    assert call.asked[0][2] == {"offset": 2, "count": 1, "no_content": 1}


async def test_a_publication_is_read_and_taken_down_by_its_article_id(
    fake_call: Any, refusing: Any
) -> None:
    call = fake_call({"news_item": [{"title": "一", "is_deleted": False}]}, {"errcode": 0})
    client = FreepublishClient(call)
    assert (await client.getarticle("main", "A1"))[0]["title"] == "一"
    assert await client.delete("main", "A1", index=2)
    assert call.asked == [
        ("main", "/cgi-bin/freepublish/getarticle", {"article_id": "A1"}),
        ("main", "/cgi-bin/freepublish/delete", {"article_id": "A1", "index": 2}),
    ]
    assert not await FreepublishClient(refusing(53600)).delete("main", "A1")
    with pytest.raises(WeChatRefused):
        await FreepublishClient(refusing(48001)).delete("main", "A1")
