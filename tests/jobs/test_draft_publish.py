import asyncio
import time
from typing import Any

import pytest

from jobs.admission import DraftBusy
from jobs.draft_publication import DraftPublication
from jobs.states import State
from store.jobs import JobRow
from tests.jobs.rig import SUBMIT, Rig
from tests.jobs.test_publish import published_by_hand
from tests.jobs.test_steering import BOSS, EDITOR
from wechat.draft import Article, DraftClient

UPDATE = "/cgi-bin/draft/update"


async def a_draft(rig: Rig, text: str = "正文", account: str = "main") -> str:
    """The media_id of a draft that a job made."""
    row = await rig.until((await rig.submit(text, action="draft", account=account)).id)
    return str((row.result or {})["media_id"])


async def publish(rig: Rig, media_id: str, **values: Any) -> JobRow:
    defaults: dict[str, Any] = {"client_id": "blog", "account": "main", "media_id": media_id}
    return await rig.jobs.submit(DraftPublication(**{**defaults, **values}))


async def change(rig: Rig, media_id: str) -> None:
    """As somebody does it in WeChat's console."""
    drafts = DraftClient(rig.gateway.calls)
    (item,) = await drafts.get("main", media_id)
    article = Article(title="别的", content="<p>改了</p>", thumb_media_id=item["thumb_media_id"])
    await drafts.update("main", media_id, 0, article)


async def test_a_draft_in_the_box_is_published_once(rig: Rig) -> None:
    media_id = await a_draft(rig)
    row = await rig.until((await publish(rig, media_id)).id)
    assert (row.state, row.error, row.title) == (State.SUCCEEDED, None, "标题")
    assert row.result is not None
    assert (row.result["mode"], row.result["media_id"]) == ("published", media_id)
    (article,) = rig.sandbox.ledger.entries("article")
    assert row.result["article_id"] == article.data["article_id"]


async def test_who_may_not_publish_gets_the_clicks_that_remain(rig: Rig) -> None:
    media_id = await a_draft(rig, account="personal")
    row = await rig.until((await publish(rig, media_id, account="personal")).id)
    assert row.state == State.SUCCEEDED
    assert row.result is not None
    assert row.result["mode"] == "draft_ready"
    assert row.result["url"].startswith("http")
    assert "标题" in "".join(row.result["next_steps"]["zh"])


async def test_a_lost_answer_is_adopted_and_nothing_sent_twice(rig: Rig) -> None:
    media_id = await a_draft(rig)
    rig.fault("reset_after_commit", SUBMIT)
    row = await rig.until((await publish(rig, media_id)).id)
    assert row.state == State.SUCCEEDED
    assert rig.committed("publication") == 1


async def test_152_a_second_job_for_the_same_draft_is_refused_and_told_the_first(rig: Rig) -> None:
    media_id = await a_draft(rig)
    rig.fault("errcode", SUBMIT, errcode=45011)
    first = await publish(rig, media_id)
    with pytest.raises(DraftBusy) as refused:
        await publish(rig, media_id)
    assert first.id in refused.value.describe("zh", "")["message"]
    other = await publish(rig, media_id, account="second")  # another account's draft
    assert other.subject == media_id


async def test_152_of_many_at_the_same_moment_one_has_the_draft(rig: Rig) -> None:
    media_id = await a_draft(rig)
    rig.fault("errcode", SUBMIT, errcode=45011)
    tried = await asyncio.gather(
        *(publish(rig, media_id) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(one, JobRow) for one in tried) == 1
    assert sum(isinstance(one, DraftBusy) for one in tried) == 19


async def test_152_the_draft_that_an_article_job_is_about_to_submit_is_busy(rig: Rig) -> None:
    rig.fault("errcode", SUBMIT, errcode=45011)
    row = await rig.until((await rig.submit()).id, State.WAITING)
    with pytest.raises(DraftBusy) as refused:
        await publish(rig, row.checkpoint["media_id"])
    assert row.id in refused.value.describe("en", "")["message"]


async def test_152_a_retry_does_not_take_a_draft_from_another_job(rig: Rig) -> None:
    media_id = await a_draft(rig)
    rig.fault("errcode", SUBMIT, errcode=53503)
    failed = await rig.until((await publish(rig, media_id)).id)
    assert failed.state == State.FAILED
    rig.fault("errcode", SUBMIT, errcode=45011)
    await publish(rig, media_id)
    with pytest.raises(DraftBusy):
        await rig.jobs.retry(failed.id, None)


async def test_a_draft_that_is_not_there_ends_the_job(rig: Rig) -> None:
    row = await rig.until((await publish(rig, "nowhere")).id)
    assert row.state == State.FAILED
    assert row.error is not None
    assert row.error["code"] == "draft_gone"
    assert rig.calls(SUBMIT) == 0


async def test_a_draft_that_waits_is_seen_at_once_and_published_in_time(rig: Rig) -> None:
    media_id = await a_draft(rig)
    row = await publish(rig, media_id, publish_at=time.time() + 1000)
    row = await rig.until(row.id, State.SCHEDULED)
    assert row.title == "标题"
    assert rig.committed("publication") == 0
    rig.ahead(1001)
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.committed("article") == 1


@pytest.mark.parametrize(
    ("if_changed", "state", "published"), [("fail", "failed", 0), ("publish", "succeeded", 1)]
)
async def test_151_a_draft_that_was_changed_meanwhile_is_published_if_that_was_said(
    rig: Rig, if_changed: str, state: str, published: int
) -> None:
    media_id = await a_draft(rig)
    at = time.time() + 1000
    row = await publish(rig, media_id, publish_at=at, if_changed=if_changed)
    await rig.until(row.id, State.SCHEDULED)
    await change(rig, media_id)
    rig.ahead(1001)
    row = await rig.until(row.id)
    assert row.state == state
    assert rig.committed("publication") == published
    if state == "failed":
        assert row.error is not None
        assert row.error["code"] == "draft_changed"


@pytest.mark.parametrize("deleted", [True, False])
async def test_151_a_draft_that_left_the_box_meanwhile_is_gone_or_published(
    rig: Rig, *, deleted: bool
) -> None:
    media_id = await a_draft(rig)
    row = await publish(rig, media_id, publish_at=time.time() + 1000)
    await rig.until(row.id, State.SCHEDULED)
    if deleted:
        assert await DraftClient(rig.gateway.calls).delete("main", media_id)
    else:
        await published_by_hand(rig, media_id)
        while not rig.committed("article"):
            await asyncio.sleep(0.02)
    rig.ahead(1001)
    row = await rig.until(row.id)
    if deleted:
        assert (row.state, (row.error or {})["code"]) == (State.FAILED, "draft_gone")
    else:
        (article,) = rig.sandbox.ledger.entries("article")
        assert (row.result or {})["article_id"] == article.data["article_id"]
    assert rig.committed("publication") == (0 if deleted else 1)


async def test_a_retry_looks_whether_the_draft_was_changed_meanwhile(rig: Rig) -> None:
    media_id = await a_draft(rig)
    rig.fault("errcode", SUBMIT, errcode=53503)
    row = await rig.until((await publish(rig, media_id)).id)
    assert row.state == State.FAILED
    await change(rig, media_id)
    await rig.jobs.retry(row.id, "blog")
    again = await rig.until(row.id)
    assert (again.state, (again.error or {})["code"]) == (State.FAILED, "draft_changed")
    assert rig.committed("publication") == 0


async def test_what_was_approved_is_what_is_published(rig: Rig) -> None:
    media_id = await a_draft(rig)
    article = {"title": "别的", "digest": "", "cover": "", "text_hash": ""}
    expected = {"articles": [article], "media_id": media_id}
    row = await publish(rig, media_id, needs_approval=True, expected=expected, if_changed="publish")
    await rig.jobs.approve(row.id, BOSS, EDITOR)
    ended = await rig.until(row.id)
    assert (ended.state, (ended.error or {})["code"]) == (State.FAILED, "draft_changed")
