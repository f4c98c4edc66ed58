import asyncio
from pathlib import Path

from core.metrics import Metrics
from notify.happening import tell_nobody
from server.backup.opening import backing_up, target_of
from server.settings import Settings
from store.engine import Database


async def test_a_gateway_makes_backups_where_that_is_wanted(
    database: Database, tmp_path: Path
) -> None:
    backup = {"every_h": 1, "folder": str(tmp_path / "to")}
    settings = Settings(server={"data_dir": tmp_path}, backup=backup)
    async with backing_up(settings, database, tell_nobody, Metrics()), asyncio.timeout(30):
        while not list((tmp_path / "to").glob("*.backup")):
            await asyncio.sleep(0.01)


async def test_and_none_where_it_is_not(database: Database, tmp_path: Path) -> None:
    settings = Settings(server={"data_dir": tmp_path})
    async with backing_up(settings, database, tell_nobody, Metrics()):
        await asyncio.sleep(0)
    assert not (tmp_path / "backup").exists()


def test_it_holds_what_another_machine_needs(tmp_path: Path) -> None:
    for name in ("master.key", "ca/ca.key.pem", "ca/ca.pem", "config.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    settings = Settings(server={"data_dir": tmp_path})
    target = target_of(settings, config=tmp_path / "config.toml")
    assert list(target.files) == ["master.key", "ca/ca.key.pem", "ca/ca.pem", "config.toml"]
    assert target.folder == tmp_path / "backup"
