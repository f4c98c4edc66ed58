import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from core.tasks import TaskSet
from proxy.bounded_database import BoundedDatabase, DatabaseAway
from store.engine import Database, DatabaseSettings, open_database
from tests.e2e.own_postgres import own_postgres


async def one(connection: AsyncConnection) -> int:
    return int(await connection.scalar(text("SELECT 1")))


async def never(connection: AsyncConnection) -> int:
    await connection.execute(text("SELECT pg_sleep(60)"))
    return 0


async def test_what_takes_too_long_is_not_waited_for_and_ends(postgres: Database) -> None:
    bounded = BoundedDatabase(tasks := TaskSet())
    assert await bounded.within(30, postgres.read(), one) == 1
    async with asyncio.timeout(30):
        with pytest.raises(DatabaseAway) as caught:
            await bounded.within(0.1, postgres.read(), never)
        assert caught.value.asked
        while tasks:
            await asyncio.sleep(0.01)


async def test_a_dead_database_is_asked_five_times_then_every_two_seconds(tmp_path: Path) -> None:
    with own_postgres() as server:
        settings = DatabaseSettings(url=SecretStr(server.url))
        async with open_database(settings, tmp_path) as database:
            now = 0.0
            bounded = BoundedDatabase(TaskSet(), monotonic=lambda: now)
            server.crash()
            asked = []
            for _ in range(12):
                with pytest.raises(DatabaseAway) as caught:
                    await bounded.within(30, database.read(), one)
                asked.append(caught.value.asked)
            assert asked == [True] * 5 + [False] * 7
            server.start()
            now += 2.1
            assert await bounded.within(30, database.read(), one) == 1


async def test_what_the_database_refuses_counts_as_away_and_is_told(postgres: Database) -> None:
    async def forbidden(connection: AsyncConnection) -> int:
        return int(await connection.scalar(text("SELECT count(*) FROM no_such_table")))

    with capture_logs() as said, pytest.raises(DatabaseAway):
        await BoundedDatabase(TaskSet()).within(30, postgres.read(), forbidden)
    assert [line["event"] for line in said] == ["the database refuses"]
