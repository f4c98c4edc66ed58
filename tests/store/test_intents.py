import pytest
from sqlalchemy.exc import IntegrityError

from store import intents, jobs
from store.engine import Database
from tests.store.rows import intent_row, job_row


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.write() as connection:
        await jobs.insert(connection, job_row("job_1"))
        await jobs.insert(connection, job_row("job_2"))
    return database


async def test_an_attempt_is_written_once(store: Database) -> None:
    with pytest.raises(IntegrityError):
        async with store.write() as connection:
            await intents.insert(connection, intent_row())
            await intents.insert(connection, intent_row(owner="another"))


async def test_what_came_of_an_attempt_is_recorded_once(store: Database) -> None:
    row = intent_row()
    async with store.write() as connection:
        await intents.insert(connection, row)
        assert await intents.doubtful(connection, "job_1") == row
        assert await intents.settle(connection, row, "answered", answer={"media_id": "m1"})
        assert not await intents.settle(connection, row, "absent")
        assert await intents.doubtful(connection, "job_1") is None
        (found,) = await intents.of_job(connection, "job_1", "draft")
    assert (found.outcome, found.answer) == ("answered", {"media_id": "m1"})


async def test_an_answer_counts_also_for_an_attempt_that_was_taken_for_lost(
    store: Database,
) -> None:
    lost = intent_row(outcome="absent")
    async with store.write() as connection:
        await intents.insert(connection, lost)
        assert not await intents.settle(connection, lost, "refused")
        assert await intents.settle(connection, lost, "answered", answer={"media_id": "m"})
        (found,) = await intents.of_job(connection, "job_1", "draft")
    assert found.answer == {"media_id": "m"}


async def test_a_submit_that_was_sent_again_stays_in_doubt_and_a_draft_does_not(
    store: Database,
) -> None:
    submit = intent_row(effect="submit", outcome="absent")
    async with store.write() as connection:
        await intents.insert(connection, intent_row(outcome="absent"))
        assert await intents.doubtful(connection, "job_1") is None
        await intents.insert(connection, submit)
        refused = intent_row(effect="submit", attempt=2, outcome="refused", sent_at=200)
        await intents.insert(connection, refused)
        assert await intents.doubtful(connection, "job_1") == submit


@pytest.mark.parametrize(
    ("outcome", "passed"),
    [
        (None, 1),
        ("answered", 1),
        ("adopted", 1),
        ("refused", 0),
        ("not_sent", 0),
        ("absent", 0),
    ],
)
async def test_only_an_attempt_that_may_have_worked_counts_as_passed(
    store: Database, outcome: intents.Outcome | None, passed: int
) -> None:
    async with store.write() as connection:
        await intents.insert(connection, intent_row(outcome=outcome))
        assert await intents.has_passed(connection, "job_1", "draft") == bool(passed)
        assert not await intents.has_passed(connection, "job_1", "submit")


async def test_drafts_and_articles_of_other_jobs_are_known(store: Database) -> None:
    made = intent_row("job_2", outcome="answered")
    submitted = intent_row("job_2", effect="submit", outcome="answered")
    async with store.write() as connection:
        await intents.insert(connection, made)
        await intents.insert(connection, submitted)
        assert await intents.own(connection, made, {"media_id": "m2"})
        assert await intents.own(connection, submitted, {"publish_id": "p2"})
        assert await intents.own_article(connection, "job_2", "art2")
        drafts, articles = intents.drafts_of_others, intents.articles_of_others
        assert await drafts(connection, "main", ["m1", "m2"], job_id="job_1") == {"m2"}
        assert await drafts(connection, "main", ["m2"], job_id="job_2") == set()
        assert await drafts(connection, "second", ["m2"], job_id="job_1") == set()
        assert await articles(connection, "main", ["art2", "x"], job_id="job_1") == {"art2"}
        assert await articles(connection, "main", ["art2"], job_id="job_2") == set()


async def test_two_jobs_cannot_own_the_same_draft_or_article(store: Database) -> None:
    async with store.write() as connection:
        for job_id in ("job_1", "job_2"):
            for effect in ("draft", "submit"):
                row = intent_row(job_id, effect=effect, outcome="answered")
                await intents.insert(connection, row)
        assert await intents.own(connection, intent_row("job_1"), {"media_id": "m"})
        assert not await intents.own(connection, intent_row("job_2"), {"media_id": "m"})
        assert await intents.own_article(connection, "job_1", "art")
        assert not await intents.own_article(connection, "job_2", "art")
        assert await intents.own_article(connection, "job_1", "art")
        # The refused step leaves the rest of the transaction as it was.
        (mine,) = await intents.of_job(connection, "job_1", "submit")
        assert mine.article_id == "art"


async def test_the_publish_id_is_kept_as_the_receipt(store: Database) -> None:
    async with store.write() as connection:
        await intents.insert(connection, intent_row(effect="submit"))
        await intents.own(connection, intent_row(effect="submit"), {"publish_id": "2247000001"})
        (row,) = await intents.of_job(connection, "job_1", "submit")
    assert row.receipt == "2247000001"
