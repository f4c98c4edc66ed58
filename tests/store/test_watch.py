import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from store import revisions
from store.engine import Database, DatabaseSettings, StorageUnavailable, open_database
from store.watch import Watcher


class Contents:
    """Counts how often it was read; fails while `broken`."""

    def __init__(self) -> None:
        self.loads = 0
        self.broken = False

    async def load(self) -> None:
        if self.broken:
            raise StorageUnavailable(reason="test")
        self.loads += 1


async def change(database: Database, name: str) -> None:
    async with database.write() as connection:
        await revisions.bump(connection, name)


@asynccontextmanager
async def running(watcher: Watcher) -> AsyncIterator[None]:
    task = asyncio.ensure_future(watcher.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: object) -> None:
    async with asyncio.timeout(20):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_everything_is_loaded_first_and_then_only_what_changed(database: Database) -> None:
    watcher, clients, accounts = Watcher(database), Contents(), Contents()
    watcher.on(revisions.CLIENTS, clients.load)
    watcher.on(revisions.ACCOUNTS, accounts.load)
    await watcher.refresh()
    await watcher.refresh()
    assert (clients.loads, accounts.loads) == (1, 1)
    await change(database, revisions.CLIENTS)
    await watcher.refresh()
    assert (clients.loads, accounts.loads) == (2, 1)


async def test_what_could_not_be_loaded_is_loaded_later(database: Database) -> None:
    watcher, clients = Watcher(database), Contents()
    watcher.on(revisions.CLIENTS, clients.load)
    clients.broken = True
    with pytest.raises(StorageUnavailable):
        await watcher.refresh()
    clients.broken = False
    await watcher.refresh()
    assert clients.loads == 1


async def test_one_that_cannot_be_loaded_keeps_back_no_other(database: Database) -> None:
    watcher, accounts, clients = Watcher(database), Contents(), Contents()
    watcher.on(revisions.ACCOUNTS, accounts.load)
    watcher.on(revisions.CLIENTS, clients.load)
    accounts.broken = True
    with pytest.raises(StorageUnavailable):
        await watcher.refresh()
    assert clients.loads == 1


async def test_it_follows_by_itself_and_says_once_that_it_cannot(database: Database) -> None:
    watcher, clients = Watcher(database, interval_s=0.01), Contents()
    watcher.on(revisions.CLIENTS, clients.load)
    with capture_logs() as logs:
        async with running(watcher):
            await until(lambda: clients.loads == 1)
            clients.broken = True
            await change(database, revisions.CLIENTS)
            await until(lambda: logs)
            await asyncio.sleep(0.1)
            clients.broken = False
            await until(lambda: clients.loads == 2 and len(logs) > 1)
    assert [entry["event"] for entry in logs] == ["store not followed", "store followed again"]


async def test_a_store_that_is_away_is_a_line_of_the_log_and_no_fault_of_ours(
    tmp_path: Path,
) -> None:
    nowhere = DatabaseSettings(url=SecretStr(f"postgresql://nobody@/none?host={tmp_path}"))
    async with open_database(nowhere, tmp_path) as away:
        with capture_logs() as logs:
            await Watcher(away).catch_up()
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("store not followed", "warning")
    ]
    assert "exc_info" not in logs[0]
