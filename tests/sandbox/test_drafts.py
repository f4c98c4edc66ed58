import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller

ADD = "/cgi-bin/draft/add"
UPDATE = "/cgi-bin/draft/update"
GET = "/cgi-bin/draft/get"
DELETE = "/cgi-bin/draft/delete"
COUNT = "/cgi-bin/draft/count"
BATCHGET = "/cgi-bin/draft/batchget"


async def test_each_add_makes_a_draft_and_answers_nothing_but_its_id(caller: Caller) -> None:
    first, second = await caller.add(), await caller.add()
    assert first.keys() == {"media_id"}
    assert first != second
    assert await caller.get(COUNT) == {"total_count": 2}


async def test_an_unverified_account_has_a_draft_box_too(caller: Caller) -> None:
    assert await caller.as_account(PERSONAL).draft()


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 44003),
        ({"articles": []}, 44003),
        ({"articles": {"title": "对象"}}, 44003),
        ({"articles": ["文字"]}, 47001),
        ({"articles": [{}] * 9}, 45008),
    ],
)
async def test_bodies_of_the_wrong_shape_are_refused(
    caller: Caller, body: dict[str, object], errcode: int
) -> None:
    assert (await caller.post(ADD, body))["errcode"] == errcode


async def test_one_bad_article_keeps_the_whole_draft_out(caller: Caller) -> None:
    articles = [await caller.article(), await caller.article(title="")]
    assert (await caller.post(ADD, {"articles": articles}))["errcode"] == 45003
    assert await caller.get(COUNT) == {"total_count": 0}


async def test_update_replaces_one_article_counted_from_0(caller: Caller) -> None:
    articles = [await caller.article(title=title) for title in ("甲", "乙")]
    media_id = (await caller.post(ADD, {"articles": articles}))["media_id"]
    before = (await caller.post(GET, {"media_id": media_id}))["news_item"]
    changed = await caller.article(title="丙")
    body = {"media_id": media_id, "index": 1, "articles": changed}
    assert await caller.post(UPDATE, body) == {"errcode": 0, "errmsg": "ok"}
    after = (await caller.post(GET, {"media_id": media_id}))["news_item"]
    assert [item["title"] for item in after] == ["甲", "丙"]
    assert [item["url"] for item in after] == [item["url"] for item in before]


async def test_update_refuses_arrays_and_bad_places(caller: Caller) -> None:
    media_id, article = await caller.draft(), await caller.article()
    body = {"media_id": media_id, "index": 0, "articles": [article]}
    assert (await caller.post(UPDATE, body))["errcode"] == 47001
    for index in (1, -1, "0", None):
        body = {"media_id": media_id, "index": index, "articles": article}
        assert (await caller.post(UPDATE, body))["errcode"] == 40114
    body = {"media_id": "unknown", "index": 0, "articles": article}
    assert (await caller.post(UPDATE, body))["errcode"] == 40007


async def test_a_draft_is_deleted_once(caller: Caller) -> None:
    media_id = await caller.draft()
    assert (await caller.post(DELETE, {"media_id": media_id}))["errcode"] == 0
    assert (await caller.post(DELETE, {"media_id": media_id}))["errcode"] == 40007
    assert (await caller.post(GET, {"media_id": media_id}))["errcode"] == 40007


async def test_lists_show_the_last_changed_first(caller: Caller) -> None:
    ids = []
    for title in ("一", "二", "三"):
        ids.append(await caller.draft(title=title))
        await caller.advance(1)
    body = {"media_id": ids[0], "index": 0, "articles": await caller.article(title="一改")}
    await caller.post(UPDATE, body)
    page = await caller.post(BATCHGET, {"offset": 0, "count": 2})
    assert (page["total_count"], page["item_count"]) == (3, 2)
    assert [item["media_id"] for item in page["item"]] == [ids[0], ids[2]]
    assert page["item"][0]["content"]["news_item"][0]["content"] == "<p>正文</p>"


async def test_no_content_leaves_the_content_out(caller: Caller) -> None:
    await caller.draft()
    page = await caller.post(BATCHGET, {"offset": 0, "count": 20, "no_content": 1})
    item = page["item"][0]["content"]["news_item"][0]
    assert "content" not in item
    assert item["title"] == "标题"


@pytest.mark.parametrize("count", [0, 21, "20"])
async def test_lists_hold_1_to_20(caller: Caller, count: object) -> None:
    assert (await caller.post(BATCHGET, {"offset": 0, "count": count}))["errcode"] == 40097


async def test_the_draft_box_is_on(caller: Caller) -> None:
    answer = await caller.post("/cgi-bin/draft/switch", {}, checkonly="1")
    assert answer == {"errcode": 0, "errmsg": "ok", "is_open": 1}
