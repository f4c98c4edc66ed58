import pytest

from accounts.edits import Editor
from jobs.resolution import ArticleTaken, NotInReview, Resolution, ReviewItems
from jobs.service import JobUnknown
from jobs.states import State
from store import intents
from tests.jobs.happenings import happened
from tests.jobs.journals import journal_of, noted
from tests.jobs.office import Office
from tests.jobs.rig import SUBMIT, Rig

EDITOR = Editor("client:boss", "req_1", "192.0.2.1")


def resolution(office: Office | Rig) -> Resolution:
    changes = office.changes if isinstance(office, Office) else office.context.changes
    return Resolution(office.database, changes, journal_of(office.database), clock=lambda: 1_000.0)


async def in_doubt(office: Office) -> None:
    await office.put(id="job_1", state="needs_review", checkpoint={"media_id": "M"})
    await office.intent(job_id="job_1", effect="submit")


async def test_what_was_published_is_succeeded_and_audited(office: Office) -> None:
    await in_doubt(office)
    row = await resolution(office).resolve("job_1", "published", EDITOR, article_id="A")
    assert row.state == State.SUCCEEDED
    assert row.result == {
        "mode": "published",
        "media_id": "M",
        "article_id": "A",
        "resolved": True,
    }
    (entry,) = await noted(office.database)
    assert (entry["action"], entry["detail"]) == ("publish.resolve", {"outcome": "published"})
    assert {(each.event, each.over) for each in await happened(office.database)} == {
        ("job.needs_review", True),
        ("publish.succeeded", False),
    }


async def test_what_was_not_published_is_failed_and_in_doubt_no_more(office: Office) -> None:
    await in_doubt(office)
    row = await resolution(office).resolve("job_1", "not_published", EDITOR)
    assert (row.state, (row.error or {})["code"]) == (State.FAILED, "not_published")
    async with office.database.read() as connection:
        assert await intents.doubtful(connection, "job_1") is None


@pytest.mark.parametrize("state", ["accepted", "succeeded", "failed"])
async def test_other_jobs_are_not_resolved(office: Office, state: str) -> None:
    await office.put(id="job_1", state=state)
    with pytest.raises(NotInReview):
        await resolution(office).resolve("job_1", "published", EDITOR)
    with pytest.raises(JobUnknown):
        await resolution(office).resolve("job_2", "published", EDITOR)


async def test_after_not_published_a_retry_sends_it_once(rig: Rig) -> None:
    rig.fault("reset_before_read", SUBMIT)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.NEEDS_REVIEW
    assert row.error is not None
    evidence = row.error["details"]
    assert {"effect", "attempt", "sent_at", "articles", "draft_present", "listed"} <= set(evidence)
    await resolution(rig).resolve(row.id, "not_published", EDITOR)
    await rig.jobs.retry(row.id, None)
    told = {(each.event, each.over) for each in await happened(rig.database)}
    assert told >= {("job.needs_review", False), ("job.needs_review", True)}
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.committed("publication") == 1


async def test_a_batch_ends_with_its_last_item_in_review_and_not_by_itself(office: Office) -> None:
    batch = {"kind": "batch", "payload": {"concurrency": 2, "on_error": "continue"}}
    await office.put(id="job_b", state="needs_review", **batch)
    await office.put(
        id="job_1",
        state="needs_review",
        checkpoint={"media_id": "M"},
        parent_id="job_b",
        position=0,
    )
    await office.intent(job_id="job_1", effect="submit")
    with pytest.raises(ReviewItems):
        await resolution(office).resolve("job_b", "published", EDITOR)
    await resolution(office).resolve("job_1", "published", EDITOR)
    assert (await office.jobs.get("job_b", None)).state == State.SUCCEEDED
    assert {(each.event, each.key, each.over) for each in await happened(office.database)} == {
        ("job.needs_review", "job_b", True),
        ("job.succeeded", "job_b", False),
    }


async def test_an_article_is_one_jobs_only(office: Office) -> None:
    await in_doubt(office)
    await office.put(id="job_2", state="needs_review", checkpoint={"media_id": "N"})
    await office.intent(job_id="job_2", effect="submit")
    await resolution(office).resolve("job_1", "published", EDITOR, article_id="A")
    with pytest.raises(ArticleTaken):
        await resolution(office).resolve("job_2", "published", EDITOR, article_id="A")
    async with office.database.read() as connection:
        taken = await intents.articles_of_others(connection, "main", ["A"], job_id="job_2")
    assert taken == {"A"}
    assert (await office.jobs.get("job_2", None)).state == State.NEEDS_REVIEW
