import secrets
from pathlib import Path
from typing import Any

import pytest

from content.words.folder import problems_in
from core.errors import GatewayError
from server.data_dir import make_data_dir
from server.probes import examine_directory, examine_hosts, examine_key_file, examine_word_lists
from server.settings import Settings
from server.tools import open_doctor
from store.engine import open_database
from store.migrate import migrate


async def fault_in(name: str, **given: Any) -> str:
    """The code of what the probe of `name` raises, else the status of what it finds."""
    async with open_doctor(Settings(**given)) as doctor:
        try:
            return (await doctor._probes[name]()).status
        except GatewayError as exc:
            return exc.code


def data(tmp_path: Path) -> dict[str, Any]:
    return {"data_dir": str(tmp_path / "data")}


@pytest.mark.parametrize("name", ["data_dir", "master key", "database", "redis", "word lists"])
async def test_defaults_are_well(name: str, tmp_path: Path) -> None:
    assert await fault_in(name, server=data(tmp_path)) == "ok"


async def test_word_lists_that_cannot_be_used_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("甲\tshout\n乙\tshout\n")
    words = {"words": {"folder": str(tmp_path)}}
    assert await fault_in("word lists", server=data(tmp_path), content=words) == "warn"
    finding = examine_word_lists(problems_in(str(tmp_path)))
    assert finding.found.en == "a.txt: line 1: no level shout (block warn replace allow) (+1)"


async def test_a_data_dir_that_is_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert await fault_in("data_dir", server=data(tmp_path)) == "data_dir_unusable"


async def test_a_master_key_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    secrets = {"master_key_file": str(tmp_path / "none.key")}
    found = await fault_in("master key", server=data(tmp_path), secrets=secrets)
    assert found == "master_key_invalid"


async def test_a_postgresql_out_of_reach_is_found(tmp_path: Path, unused_port: int) -> None:
    database = {"url": f"postgresql://u:canary@127.0.0.1:{unused_port}/x"}
    found = await fault_in("database", server=data(tmp_path), database=database)
    assert found == "storage_unavailable"


async def test_a_postgresql_that_waits_for_its_migration_is_found(
    tmp_path: Path, postgres_url: str
) -> None:
    given: dict[str, Any] = {"server": data(tmp_path), "database": {"url": postgres_url}}
    assert await fault_in("database", **given) == "schema_outdated"
    async with open_database(Settings(**given).database, tmp_path) as database:
        await migrate(database)
    assert await fault_in("database", **given) == "ok"


async def test_redis_is_asked(tmp_path: Path, redis_url: str, unused_port: int) -> None:
    assert await fault_in("redis", server=data(tmp_path), redis={"url": redis_url}) == "ok"
    dead = {"url": f"redis://127.0.0.1:{unused_port}/0"}
    assert await fault_in("redis", server=data(tmp_path), redis=dead) == "redis_away"


@pytest.mark.parametrize(("free_mb", "status"), [(5_000, "ok"), (999, "warn"), (99, "fail")])
def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, free_mb: int, status: str) -> None:
    tmp_path.chmod(0o700)
    found = examine_directory(tmp_path, free_mb=free_mb)
    assert found.status == status
    assert str(free_mb) in found.found.en


def test_a_data_dir_that_others_may_enter_is_told_with_the_command(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = examine_directory(tmp_path, free_mb=5_000)
    assert found.status == "warn"
    assert found.fix is not None
    assert found.fix.en == f"chmod 700 {tmp_path}"


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o400, "ok"), (0o640, "fail")])
def test_a_master_key_that_others_may_read_is_told(tmp_path: Path, mode: int, status: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(secrets.token_hex(32), "ascii")
    path.chmod(mode)
    assert examine_key_file(path).status == status


def test_a_data_dir_that_we_make_is_ours_alone(tmp_path: Path) -> None:
    make_data_dir(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_hosts_are_told_with_their_latency_and_those_out_of_reach() -> None:
    near, far = "https://api.weixin.qq.com", "https://hk.api.weixin.qq.com"
    for latencies, status in (
        ({near: 0.02, far: 0.1}, "ok"),
        ({near: 0.02, far: None}, "warn"),
        ({near: None, far: None}, "fail"),
    ):
        finding = examine_hosts(latencies)
        assert finding.status == status
        assert ("✗" in finding.found.en) == (status != "ok")
    assert "20 ms" in examine_hosts({near: 0.02}).found.zh
