"""What the contract of tests/cache/test_tokens.py does not show of the store on PostgreSQL."""

import asyncio
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.master_key import Sealer
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, TokensAway
from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.database_tokens import DatabaseTokenStore
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate
from tests.e2e.own_postgres import own_postgres

APP = "wx5a4db0c0ffee0001"
SEALER = Sealer(b"k" * 32)


def opened(database: Database, sealer: Sealer = SEALER, ahead_s: float = 0) -> DatabaseTokenStore:
    register = CacheStatistics(Metrics()).register
    return DatabaseTokenStore(
        database, sealer, register, tasks=TaskSet(), clock=lambda: time.time() + ahead_s
    )


def token(value: str, epoch: int = 1) -> AccessToken:
    now = time.time()
    return AccessToken(value, now + 7_200, epoch, "cold", now)


async def test_the_database_holds_no_token_in_the_clear(postgres: Database) -> None:
    await opened(postgres).put(APP, token("92_canary"))
    async with postgres.read() as connection:
        sealed = await connection.scalar(text("SELECT sealed FROM token"))
    assert sealed
    assert b"92_canary" not in sealed


async def test_who_has_another_master_key_sees_none(postgres: Database) -> None:
    await opened(postgres).put(APP, token("mine"))
    assert await opened(postgres, Sealer(b"x" * 32)).get(APP) is None


async def test_a_spoilt_value_counts_as_none(postgres: Database) -> None:
    store = opened(postgres)
    await store.put(APP, token("mine"))
    async with postgres.write() as connection:
        await connection.execute(text("UPDATE token SET sealed = '\\x80'"))
    assert await store.get(APP) is None
    assert await store.put(APP, token("good", 2))


async def test_the_life_left_is_the_database_s_whatever_this_clock_says(
    postgres: Database,
) -> None:
    await opened(postgres).put(APP, token("mine"))
    found = await opened(postgres, ahead_s=300).get(APP)
    assert found is not None
    assert found.expires_at - (time.time() + 300) == pytest.approx(7_200, abs=5)


async def test_nobody_waits_long_for_a_row_that_somebody_holds(postgres: Database) -> None:
    store = opened(postgres)
    await store.put(APP, token("mine"))
    async with postgres.write() as connection:
        await connection.execute(text("LOCK TABLE token"))
        with pytest.raises(TokensAway):
            async with asyncio.timeout(20):
                await store.get(APP)
    found = await store.get(APP)
    assert found is not None


async def test_a_dead_database_is_asked_a_few_times_only(tmp_path: Path) -> None:
    with own_postgres() as server:
        settings = DatabaseSettings(url=SecretStr(server.url))
        async with open_database(settings, tmp_path) as database:
            await migrate(database)
            now = 0.0
            stats = CacheStatistics(Metrics())
            store = DatabaseTokenStore(
                database, SEALER, stats.register, tasks=TaskSet(), monotonic=lambda: now
            )
            await store.put(APP, token("mine"))
            server.crash()
            for _ in range(12):
                with pytest.raises(TokensAway):
                    await store.get(APP)
            assert stats.snapshot()["caches"][0]["accounts"][APP]["errors"] == 5
            server.start()
            now += 2.1
            found = await store.get(APP)
            assert found is not None
            assert found.value == "mine"


async def test_a_database_that_says_nothing_is_asked_a_few_times_only(tmp_path: Path) -> None:
    with own_postgres() as server:
        settings = DatabaseSettings(url=SecretStr(server.url))
        async with open_database(settings, tmp_path) as database:
            await migrate(database)
            stats = CacheStatistics(Metrics())
            store = DatabaseTokenStore(database, SEALER, stats.register, tasks=TaskSet())
            await store.put(APP, token("mine"))
            await asyncio.gather(*(store.get(APP) for _ in range(8)))  # connections of the pool
            with server.frozen():
                for _ in range(7):
                    with pytest.raises(TokensAway):
                        await store.get(APP)
            assert stats.snapshot()["caches"][0]["accounts"][APP]["errors"] == 5
            async with database.write() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM token")) == 1
