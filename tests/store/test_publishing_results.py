from store import intents, jobs, publishing_results
from store.engine import Database
from store.publishing_results import Counted
from tests.store.rows import intent_row, job_row


async def test_the_ends_of_jobs_are_counted_by_account(database: Database) -> None:
    publish = {"state": "succeeded", "action": "publish"}
    rows = (
        job_row("job_1", state="succeeded"),
        job_row("job_2", **publish),
        job_row("job_3", **publish),
        job_row("job_4", state="succeeded", action="mass_send"),
        job_row("job_5", state="failed"),
        job_row("job_6", state="waiting"),
        job_row("job_7", kind="draft.delete", state="succeeded"),
        job_row("job_8", account="third", state="failed"),
        job_row("job_9", state="failed", created_at=99),
    )
    sent = (
        intent_row("job_2", effect="submit", outcome="adopted"),
        intent_row("job_3", effect="submit", outcome="refused"),
        intent_row("job_4", effect="mass", outcome="answered"),
    )
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)
        for intent in sent:
            await intents.insert(connection, intent)
    async with database.read() as connection:
        found = await publishing_results.count(connection, ("main", "other"), since=100)
    ends = ("draft", "published", "draft_ready", "mass_sent", "failed", "under_way")
    assert sorted(found) == sorted(Counted("main", end, 1) for end in ends)


async def test_the_items_of_a_batch_are_counted_and_the_batch_is_not(database: Database) -> None:
    async with database.write() as connection:
        for number, at in ((1, 100), (2, 50)):
            batch = job_row(f"job_{number}", kind="batch", state="partly_failed", created_at=at)
            await jobs.insert(connection, batch)
            for state in ("failed", "needs_review"):
                item = job_row(
                    f"job_{number}{state}", state=state, parent_id=batch.id, created_at=at
                )
                await jobs.insert(connection, item)
    async with database.read() as connection:
        found = await publishing_results.count(connection, ("main",), since=100)
    assert sorted(found) == [Counted("main", "failed", 1), Counted("main", "needs_review", 1)]
