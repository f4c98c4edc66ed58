from store import jobs, ready_drafts
from store.engine import Database
from tests.store.rows import job_row

READY = {"mode": "draft_ready", "media_id": "M"}
DONE = {"state": "succeeded", "action": "publish"}


async def test_only_drafts_that_lie_ready_and_nobody_took_are_found(database: Database) -> None:
    rows = [
        job_row("job_1", result=READY, **DONE),
        job_row("job_2", result={"mode": "published"}, **DONE),
        job_row("job_3", result={**READY, "left_box": {}}, **DONE),
        job_row("job_4", result=READY, **DONE, account="second"),
        job_row("job_5", result=READY, **DONE, created_at=1.0),
        job_row("job_6", **DONE),
        job_row("job_7", result=READY, **DONE),
    ]
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)
        found = await ready_drafts.waiting(connection, "main", since=50.0)
    assert [head.id for head in found] == ["job_7", "job_1"]
