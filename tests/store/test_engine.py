import asyncio
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from store import engine
from store.engine import Database, DatabaseSettings, StorageUnavailable, open_database


async def test_what_a_failed_block_wrote_is_gone(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO uploaded_image VALUES ('a','b','c','d',1)"))
            raise ZeroDivisionError
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM uploaded_image")) == 0


async def test_fifty_writers_at_once_lose_no_update(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO uploaded_image VALUES ('a','b','c','0',0)"))

    async def add_one() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE uploaded_image SET created_at = created_at + 1"))

    await asyncio.gather(*(add_one() for _ in range(50)))
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT created_at FROM uploaded_image")) == 50


async def test_who_is_cancelled_within_a_statement_leaves_no_lock(database: Database) -> None:
    begun = asyncio.Event()
    rows = """INSERT INTO uploaded_image
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
        SELECT 'a', CAST(i AS TEXT), 'c', 'd', 1 FROM n
        RETURNING sha256"""

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM uploaded_image"))
            begun.set()
            await connection.execute(text(rows))

    task = asyncio.ensure_future(write())
    await begun.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as still_held:
        await task
    async with database.write() as connection:  # it raises after five seconds without its turn
        count = await connection.scalar(text("SELECT count(*) FROM uploaded_image"))
    assert (count, still_held.type) == (0, asyncio.CancelledError)


async def test_a_conflict_is_not_an_outage(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            for _ in range(2):
                await connection.execute(
                    text("INSERT INTO uploaded_image VALUES ('a','b','c','d',1)")
                )


async def test_ping_answers(database: Database) -> None:
    await database.ping()


async def test_sqlite_survives_a_power_cut_and_waits_for_others(tmp_path: Path) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    opened = open_database(DatabaseSettings(), tmp_path)
    async with opened as database, database.read() as connection:
        pragmas = {name: await connection.scalar(text(f"PRAGMA {name}")) for name in names}
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


async def test_who_waits_too_long_for_the_one_writer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_TURN_S", 0.05)
    async with open_database(DatabaseSettings(), tmp_path) as database:
        async with database.write():
            with pytest.raises(StorageUnavailable):
                await database.ping()
        await database.ping()


async def _driver_is_done() -> None:
    """Wait for the threads of connections that failed: they report to this event loop."""
    while any("_connection_worker" in thread.name for thread in threading.enumerate()):
        await asyncio.sleep(0.01)


async def test_a_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "wxgate.db").mkdir()
    async with open_database(DatabaseSettings(), tmp_path) as database:
        with pytest.raises(StorageUnavailable):
            await database.ping()
    await _driver_is_done()


async def test_a_corrupt_file_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "wxgate.db").write_bytes(b"not a database" * 1000)
    async with open_database(DatabaseSettings(), tmp_path) as database:
        with pytest.raises(StorageUnavailable):
            await database.ping()
    await _driver_is_done()


async def test_an_absent_postgresql_is_an_outage_and_its_password_stays_secret(
    tmp_path: Path,
) -> None:
    settings = DatabaseSettings(url=SecretStr("postgresql://me:hunter2@127.0.0.1:1/none"))
    assert "hunter2" not in repr(settings)
    async with open_database(settings, tmp_path) as database:
        with pytest.raises(StorageUnavailable) as caught:
            await database.ping()
    assert "hunter2" not in str(caught.value)
