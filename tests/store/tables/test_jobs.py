from typing import Any

from sqlalchemy import event, text

from store import jobs
from store.engine import Database
from store.jobs import Lease
from tests.store.rows import job_row


async def test_a_claim_uses_the_index_that_holds_no_finished_jobs(database: Database) -> None:
    statements: list[tuple[str, Any]] = []

    def listen(*event: Any) -> None:
        statements.append((event[2], event[3]))

    async with database.write() as connection:
        for number in range(300):
            await jobs.insert(connection, job_row(f"job_{number:03}", state="succeeded"))
        if not database.is_sqlite:
            await connection.execute(text("ANALYZE job"))
        event.listen(connection.sync_connection, "before_cursor_execute", listen)
        assert await jobs.claim(connection, Lease(owner="me", now=1, until=2), limit=5) == []
        ((statement, parameters),) = statements
        plan = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        rows = await connection.exec_driver_sql(f"{plan} {statement}", parameters)
        assert "ix_job_due" in "\n".join(str(row) for row in rows)


async def test_deleting_a_job_takes_all_that_belongs_to_it(database: Database) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
        await connection.execute(text("INSERT INTO file VALUES ('blog', 'aa', 0, '', 0)"))
        await connection.execute(text("INSERT INTO job_file VALUES ('job_1', 'a', 'blog', 'aa')"))
        await connection.execute(text("DELETE FROM job"))
        assert await connection.scalar(text("SELECT count(*) FROM job_file")) == 0
