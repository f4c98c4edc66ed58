import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from core.metrics import Metrics
from notify.happening import tell_nobody
from server.backup.clockwork import DUTY
from server.backup.opening import backing_up, target_of
from server.settings import Settings
from store import alerts, duties
from store.engine import Database
from tests.store.test_alerts import alert_row

NOW = 2_000_000_000


def opening(
    settings: Settings, database: Database, *, works: bool
) -> AbstractAsyncContextManager[None]:
    return backing_up(
        settings, database, tell_nobody, Metrics(), works=works, clock=lambda: float(NOW)
    )


async def made_at(database: Database) -> int:
    async with database.read() as connection:
        return await duties.position(connection, DUTY)


async def test_a_gateway_makes_backups_where_that_is_wanted(
    database: Database, tmp_path: Path
) -> None:
    backup = {"every_h": 1, "folder": str(tmp_path / "to")}
    settings = Settings(server={"data_dir": tmp_path}, backup=backup)
    opened = opening(settings, database, works=True)
    async with opened, asyncio.timeout(30):
        while not await made_at(database):
            await asyncio.sleep(0.01)
    assert len(list((tmp_path / "to").glob("*.backup"))) == 1
    # By the clock that all processes agree on, not by the host's.
    assert await made_at(database) == NOW


@pytest.mark.parametrize("every_h", [0, 1])
async def test_and_none_by_a_process_that_only_answers(
    database: Database, tmp_path: Path, every_h: int
) -> None:
    settings = Settings(server={"data_dir": tmp_path}, backup={"every_h": every_h})
    before = asyncio.all_tasks()
    async with opening(settings, database, works=False):
        assert asyncio.all_tasks() == before


async def test_where_they_are_switched_off_their_failure_is_no_alert_any_more(
    database: Database, tmp_path: Path
) -> None:
    async with database.write() as connection:
        await alerts.insert(connection, alert_row(event="backup.failed"))
    settings = Settings(server={"data_dir": tmp_path}, backup={"every_h": 0})
    async with opening(settings, database, works=True), asyncio.timeout(30):
        while await _unresolved(database):
            await asyncio.sleep(0.01)
    assert await made_at(database) == 0


async def _unresolved(database: Database) -> set[tuple[str, str]]:
    async with database.read() as connection:
        return await alerts.unresolved(connection)


def test_it_holds_what_another_machine_needs(tmp_path: Path) -> None:
    for name in ("master.key", "ca/ca.key.pem", "ca/ca.pem", "config.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    settings = Settings(server={"data_dir": tmp_path})
    target = target_of(settings, config=tmp_path / "config.toml")
    assert list(target.files) == ["master.key", "ca/ca.key.pem", "ca/ca.pem", "config.toml"]
    assert target.folder == tmp_path / "backup"
