import pytest

from sandbox.settings import PERSONAL
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import Start

SUBMIT = "/cgi-bin/freepublish/submit"
DELETE = "/cgi-bin/freepublish/delete"
GETARTICLE = "/cgi-bin/freepublish/getarticle"
BATCHGET = "/cgi-bin/freepublish/batchget"


async def published(caller: Caller, articles: int = 1) -> dict[str, object]:
    """The final answer of freepublish/get for a new publication."""
    body = {"articles": [await caller.article(title=f"第{n}篇") for n in range(articles)]}
    draft = await caller.post("/cgi-bin/draft/add", body)
    publish_id = await caller.submit(draft["media_id"])
    await caller.advance(3600)
    caller._token = ""  # two hours are soon over
    return await caller.status(publish_id)


@pytest.mark.parametrize("name", ["submit", "get", "delete", "getarticle", "batchget"])
async def test_an_unverified_account_may_do_nothing(caller: Caller, name: str) -> None:
    personal = caller.as_account(PERSONAL)
    assert (await personal.post(f"/cgi-bin/freepublish/{name}", {}))["errcode"] == 48001


async def test_a_publication_takes_its_time(caller: Caller) -> None:
    media_id = await caller.draft()
    publish_id = await caller.submit(media_id)
    assert await caller.status(publish_id) == {
        "publish_id": publish_id,
        "publish_status": 1,
        "fail_idx": [1],
    }
    assert (await caller.read(media_id))["title"] == "标题"
    await caller.advance(3600)
    done = await caller.status(publish_id)
    assert done.keys() == {
        *("publish_id", "publish_status", "article_id", "article_detail", "fail_idx"),
    }
    assert (done["publish_status"], done["fail_idx"]) == (0, [])
    assert done["article_detail"]["count"] == 1
    assert done["article_detail"]["item"][0]["idx"] == 1


async def test_a_published_draft_has_left_the_box(caller: Caller) -> None:
    media_id = await caller.draft()
    await caller.submit(media_id)
    await caller.advance(3600)
    assert (await caller.post("/cgi-bin/draft/get", {"media_id": media_id}))["errcode"] == 40007
    assert (await caller.post(SUBMIT, {"media_id": media_id}))["errcode"] == 40007


async def test_submitting_twice_publishes_twice(caller: Caller) -> None:
    media_id = await caller.draft()
    first, second = await caller.submit(media_id), await caller.submit(media_id)
    assert first != second
    await caller.advance(3600)
    articles = [(await caller.status(publish_id))["article_id"] for publish_id in (first, second)]
    assert len(set(articles)) == 2
    assert len(caller.sandbox.ledger.entries("publication")) == 2
    assert len(caller.sandbox.ledger.entries("article")) == 2


async def test_submitting_twice_is_refused_where_switched(start: Start) -> None:
    caller = await start(resubmit="refuse_40007")
    media_id = await caller.draft()
    await caller.submit(media_id)
    assert (await caller.post(SUBMIT, {"media_id": media_id}))["errcode"] == 40007
    assert len(caller.sandbox.ledger.entries("publication")) == 1


async def test_an_early_fail_idx_and_a_late_msg_data_id_are_switches(start: Start) -> None:
    caller = await start(fail_idx_in_progress=False, msg_data_id=True)
    media_id = await caller.draft()
    submitted = await caller.post(SUBMIT, {"media_id": media_id})
    assert isinstance(submitted["msg_data_id"], int)
    assert (await caller.status(submitted["publish_id"]))["fail_idx"] == []


@pytest.mark.parametrize(("status", "failed"), [(2, [1]), (3, []), (4, [1])])
async def test_a_publication_may_fail(caller: Caller, status: int, failed: list[int]) -> None:
    media_id = await caller.draft()
    await caller.control("outcomes", {"media_id": media_id, "publish_status": status})
    publish_id = await caller.submit(media_id)
    await caller.advance(3600)
    got = await caller.status(publish_id)
    assert (got["publish_status"], got["fail_idx"]) == (status, failed)
    assert "article_id" not in got
    assert (await caller.read(media_id))["title"] == "标题"
    assert caller.sandbox.ledger.entries("article") == []


@pytest.mark.parametrize("status", [5, 6])
async def test_a_publication_may_be_taken_down(caller: Caller, status: int) -> None:
    media_id = await caller.draft()
    await caller.control("outcomes", {"publish_status": status, "publish_s": 0})
    publish_id = await caller.submit(media_id)
    got = await caller.status(publish_id)
    assert (got["publish_status"], "article_id" in got) == (status, False)
    assert len(caller.sandbox.ledger.entries("article")) == 1


@pytest.mark.parametrize("errcode", [53503, 53504, 53505])
async def test_submit_may_be_refused(caller: Caller, errcode: int) -> None:
    media_id = await caller.draft()
    await caller.control("outcomes", {"media_id": media_id, "errcode": errcode})
    assert (await caller.post(SUBMIT, {"media_id": media_id}))["errcode"] == errcode
    assert caller.sandbox.ledger.entries("publication") == []


async def test_articles_are_read_and_listed(caller: Caller) -> None:
    first, second = await published(caller), await published(caller, articles=2)
    items = (await caller.post(GETARTICLE, {"article_id": second["article_id"]}))["news_item"]
    assert [item["title"] for item in items] == ["第0篇", "第1篇"]
    assert [item["is_deleted"] for item in items] == [False, False]
    page = await caller.post(BATCHGET, {"offset": 0, "count": 20, "no_content": 1})
    assert page["total_count"] == 2
    listed = [item["article_id"] for item in page["item"]]
    assert listed == [second["article_id"], first["article_id"]]
    assert "content" not in page["item"][0]["content"]["news_item"][0]


async def test_one_article_or_all_can_be_deleted(caller: Caller) -> None:
    done = await published(caller, articles=2)
    article_id = done["article_id"]
    assert (await caller.post(DELETE, {"article_id": article_id, "index": 3}))["errcode"] == 40114
    assert (await caller.post(DELETE, {"article_id": article_id, "index": 1}))["errcode"] == 0
    items = (await caller.post(GETARTICLE, {"article_id": article_id}))["news_item"]
    assert [item["is_deleted"] for item in items] == [True, False]
    assert (await caller.status(str(done["publish_id"])))["publish_status"] == 0
    await caller.post(DELETE, {"article_id": article_id})
    assert (await caller.status(str(done["publish_id"])))["publish_status"] == 5
    assert (await caller.post(BATCHGET, {"offset": 0, "count": 1}))["total_count"] == 0


async def test_unknown_ids_are_refused(caller: Caller) -> None:
    assert (await caller.post(SUBMIT, {"media_id": "unknown"}))["errcode"] == 40007
    assert (await caller.post("/cgi-bin/freepublish/get", {"publish_id": "1"}))["errcode"] == 40007
    for path in (GETARTICLE, DELETE):
        assert (await caller.post(path, {"article_id": "unknown"}))["errcode"] == 53600


async def test_a_draft_still_being_published_has_no_article(caller: Caller) -> None:
    media_id = await caller.draft()
    await caller.submit(media_id)
    article_id = caller.sandbox.world.publications.of(caller.account.app_id)[0][1].article_id
    assert (await caller.post(GETARTICLE, {"article_id": article_id}))["errcode"] == 53600
    assert (await caller.post(BATCHGET, {"offset": 0, "count": 1}))["total_count"] == 0


async def test_polling_is_counted_against_100_a_day(caller: Caller) -> None:
    publish_id = await caller.submit(await caller.draft())
    for _ in range(100):
        assert (await caller.status(publish_id))["publish_status"] == 1
    assert (await caller.status(publish_id))["errcode"] == 45009
