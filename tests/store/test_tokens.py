"""What the contract of tests/cache/test_tokens.py does not show: rows, and who waits for whom."""

import asyncio

from sqlalchemy import insert, select, text

from store import tokens
from store.engine import Database
from store.tables import token
from store.tokens import KeptToken

APP = "wx5a4db0c0ffee0001"


async def acquire(database: Database, owner: str, *, above: int = 0) -> int | None:
    async with database.write() as connection:
        return await tokens.acquire(connection, APP, owner, ttl_s=10, above=above)


async def put(database: Database, kept: KeptToken) -> bool:
    async with database.write() as connection:
        return await tokens.put(connection, APP, kept)


async def test_an_account_has_one_row_whatever_is_asked_first(postgres: Database) -> None:
    async with postgres.write() as connection:
        assert await tokens.claim_force(connection, APP, gap_s=30) == 0
        assert await tokens.get(connection, APP) is None
    assert await acquire(postgres, "a") is not None
    assert await put(postgres, KeptToken(7, b"sealed", 60))
    async with postgres.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM token")) == 1
        found = await tokens.get(connection, APP)
    assert found is not None
    assert found[:2] == (7, b"sealed")
    assert 50 < found.life_s <= 60


async def test_a_token_that_has_expired_yields_to_any(postgres: Database) -> None:
    assert await put(postgres, KeptToken(9, b"old", 0.01))
    await asyncio.sleep(0.02)
    assert await put(postgres, KeptToken(3, b"new", 60))


async def test_who_waited_for_the_row_sees_the_time_after_it_waited(postgres: Database) -> None:
    async with asyncio.TaskGroup() as tasks, postgres.write() as first:
        await tokens.acquire(first, APP, "a", ttl_s=0.05, above=0)
        waiting = tasks.create_task(acquire(postgres, "b"))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert waiting.result() is not None


async def test_a_lease_is_above_the_last_even_when_the_server_s_clock_was_set_back(
    postgres: Database,
) -> None:
    assert await acquire(postgres, "a", above=9_000_000_000_000) == 9_000_000_000_001
    async with postgres.write() as connection:
        await tokens.release(connection, APP, "b")
    assert await acquire(postgres, "b") is None
    async with postgres.write() as connection:
        await tokens.release(connection, APP, "a")
    assert await acquire(postgres, "b") == 9_000_000_000_002


async def test_accounts_that_nobody_asks_for_leave_nothing(database: Database) -> None:
    kept = {"epoch": 1, "sealed": b"s", "lease_epoch": 1, "lease_owner": "a"}
    times = {"expires_at": 100.0, "lease_until": 0.0, "forced_until": 0.0}
    async with database.write() as connection:
        for app_id, differs in (
            ("old", {}),
            ("good", {"expires_at": 300.0}),
            ("leased", {"lease_until": 300.0}),
            ("forced", {"forced_until": 300.0}),
        ):
            row = {"app_id": app_id} | kept | times | differs
            await connection.execute(insert(token).values(**row))
        assert await tokens.purge(connection, before=200) == 1
        assert set(await connection.scalars(select(token.c.app_id))) == {"good", "leased", "forced"}
