import asyncio
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.master_key import BadMasterKey
from proxy.spool import _PREFIX
from server.app import Gateway, open_gateway, open_worker
from server.data_dir import DataDirUnusable
from server.settings import Settings
from store.lock import DataDirInUse, lock_data_dir
from store.migrate import SchemaOutdated


def given(tmp_path: Path, **more: Any) -> Settings:
    return Settings(server={"data_dir": str(tmp_path / "data")}, **more)


def client(gateway: Gateway) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(gateway.app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def fails(settings: Settings, expected: type[BaseException]) -> None:
    with pytest.raises(expected):
        async with open_gateway(settings):
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"secrets": {"master_key_file": "none.key"}}, BadMasterKey),
        ({"server": {"data_dir": "file/data"}}, DataDirUnusable),
        ({}, ZeroDivisionError),  # all is open by then
    ],
)
async def test_a_start_that_fails_leaves_nothing_behind(
    change: dict[str, Any], expected: type[BaseException], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings = Settings(**{"server": {"data_dir": str(tmp_path / "data")}, **change})
    await fails(settings, expected)  # the first time libraries open files of their own
    before = open_files()
    await fails(settings, expected)
    assert open_files() == before
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with lock_data_dir(tmp_path / "data"):
        pass


async def test_a_postgresql_that_was_not_migrated_is_refused_and_closed(
    tmp_path: Path, postgres_url: str
) -> None:
    settings = given(tmp_path, database={"url": postgres_url})
    for opens in (open_gateway, open_worker):
        with pytest.raises(SchemaOutdated) as caught:
            async with opens(settings):
                pass
        assert "wxgate migrate" in caught.value.describe("zh", "")["hint"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_one_data_dir_serves_one_gateway(tmp_path: Path) -> None:
    settings = given(tmp_path)
    async with open_gateway(settings) as gateway:
        with pytest.raises(DataDirInUse, match=str(os.getpid())):
            async with open_gateway(settings):
                pass
        # The one that was first has not suffered.
        async with client(gateway) as http:
            assert (await http.get("/health/ready")).status_code == 200


async def test_a_dead_redis_keeps_nobody_from_starting(tmp_path: Path, unused_port: int) -> None:
    redis = {"url": f"redis://127.0.0.1:{unused_port}/0"}
    async with open_gateway(given(tmp_path, redis=redis)) as gateway, client(gateway) as http:
        assert (await http.get("/health/ready")).status_code == 200


async def test_bodies_that_a_crash_left_are_swept_at_the_start(tmp_path: Path) -> None:
    left = tmp_path / "data" / "tmp" / f"{_PREFIX}left"
    left.parent.mkdir(parents=True)
    left.touch()
    os.utime(left, (0, 0))
    async with open_gateway(given(tmp_path)):
        assert not left.exists()


async def test_a_foreign_host_is_refused_whatever_the_path(tmp_path: Path) -> None:
    server = {
        "data_dir": str(tmp_path / "data"),
        "public_url": "https://gate.example.com",
        "allowed_hosts": ["inner.example.com"],
    }
    async with open_gateway(Settings(server=server)) as gateway, client(gateway) as http:
        for host, status in (
            ("gate.example.com", 200),
            ("inner.example.com:8080", 200),
            ("evil.example.com", 400),
        ):
            response = await http.get("/health", headers={"Host": host})
            assert response.status_code == status


async def test_browser_tools_of_configured_origins_are_answered(tmp_path: Path) -> None:
    asked = {"Origin": "https://md.example.com", "Access-Control-Request-Method": "POST"}
    for origins, answered in (([], None), ([asked["Origin"]], asked["Origin"])):
        settings = given(tmp_path, relay={"cors_origins": origins})
        async with open_gateway(settings) as gateway, client(gateway) as http:
            response = await http.options("/cgi-bin/draft/add", headers=asked)
        assert response.headers.get("access-control-allow-origin") == answered
