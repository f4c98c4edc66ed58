"""Faults 145 and 146: a database that cannot be used now, and migrations that are interrupted."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, event, make_url, text

from jobs.states import State
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store import engine, jobs
from store.engine import Database, DatabaseSettings, StorageUnavailable, open_database
from store.migrate import HEAD, migrate, require_current
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.jobs.rig import Rig, open_rig, open_work
from tests.store.rows import job_row

# The same each time, and meant so.
ARTICLE = {"markdown": "# 题\n\n正文", "action": "publish", "repeat": True}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the product seconds to give up takes a test a fraction of one."""
    monkeypatch.setattr(engine, "_TURN_S", 0.3)
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(engine, "_POSTGRES_COMMAND_TIMEOUT_S", 0.3)


@pytest.fixture
async def wechat() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as running:
        yield running


@asynccontextmanager
async def opened_rig(url: str, wechat: RunningSandbox, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_database(DatabaseSettings(url=SecretStr(url)), tmp_path) as database:
        await migrate(database)
        async with open_rig(database, wechat, tmp_path) as rig:
            yield rig


@asynccontextmanager
async def locked(url: str, data_dir: Path) -> AsyncIterator[None]:
    """Another program keeps everybody else from writing."""
    if not url:
        path = data_dir / "wxgate.db"
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # In a thread: whoever writes right now needs this event loop to come to an end.
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.close()
        return
    connection = await _connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE job, intent IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def _connect(url: str, database: str = "") -> asyncpg.Connection:
    plain = make_url(url).set(drivername="postgresql")
    if database:
        plain = plain.set(database=database)
    return await asyncpg.connect(plain.render_as_string(hide_password=False))


@pytest.mark.usefixtures("impatient")
async def test_145_what_cannot_be_kept_is_not_taken_in(
    database_url: str, wechat: RunningSandbox, tmp_path: Path
) -> None:
    async with opened_rig(database_url, wechat, tmp_path) as rig:
        async with locked(database_url, tmp_path):
            with pytest.raises(StorageUnavailable) as refused:
                await rig.submit()
        assert (refused.value.status, refused.value.code) == (503, "storage_unavailable")
        assert refused.value.retryable
        assert wechat.ledger.entries() == []
        assert (await rig.until((await rig.submit()).id)).state == State.SUCCEEDED


@pytest.mark.usefixtures("impatient")
async def test_145_without_its_intent_nothing_is_sent(
    database_url: str, wechat: RunningSandbox, tmp_path: Path
) -> None:
    async with opened_rig(database_url, wechat, tmp_path) as rig:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            reached.set()
            await go_on.wait()

        rig.builder.before = wait
        row = await rig.submit()
        await reached.wait()
        rig.builder.before = None
        async with locked(database_url, tmp_path):
            go_on.set()
            await asyncio.sleep(1.5)  # it tries, and gives up
            assert rig.committed("draft") == rig.committed("publication") == 0
        assert (await rig.until(row.id)).state == State.SUCCEEDED
        assert rig.committed("draft") == rig.committed("publication") == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_145_a_postgresql_that_goes_away_and_comes_back(
    database_url: str, wechat: RunningSandbox, tmp_path: Path
) -> None:
    name = make_url(database_url).database
    async with opened_rig(database_url, wechat, tmp_path) as rig:
        admin = await _connect(database_url, "template1")
        try:
            await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            await admin.execute(end, name)
            with pytest.raises(StorageUnavailable):
                await rig.submit()
            assert wechat.ledger.entries() == []
        finally:
            await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await admin.close()
        assert (await rig.until((await rig.submit()).id)).state == State.SUCCEEDED


async def test_145_a_database_that_only_lets_read(
    database_url: str, wechat: RunningSandbox, tmp_path: Path
) -> None:
    settings = DatabaseSettings(url=SecretStr(database_url))
    async with open_database(settings, tmp_path) as database:
        await migrate(database)
        only_reads(database)
        async with open_work(database, wechat.url, tmp_path) as work:
            with pytest.raises(StorageUnavailable):
                await work.submit()
            with pytest.raises(StorageUnavailable):  # what readiness asks
                await database.ping()
        async with database.read() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM job")) == 0
    assert wechat.ledger.entries() == []


def only_reads(database: Database) -> None:
    """As a read-only file or a standby does: the same refusal from the same place."""
    how = "PRAGMA query_only = 1" if database.is_sqlite else "SET TRANSACTION READ ONLY"

    @event.listens_for(database._engine.sync_engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(how)


# What PostgreSQL says of a full disk, a broken page, a broken index and a disk that fails.
@pytest.mark.parametrize("said", ["53100", "XX001", "XX002", "58030"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_145_what_postgresql_says_of_its_disk_is_an_outage(
    database_url: str, wechat: RunningSandbox, tmp_path: Path, said: str
) -> None:
    async with opened_rig(database_url, wechat, tmp_path) as rig:
        row = await rig.submit(publish_at=rig.time() + 60)
        admin = await _connect(database_url)
        try:
            await admin.execute(_FAILS.format(said=said))
            with pytest.raises(StorageUnavailable):
                await rig.submit("二")
            rig.ahead(60)
            await asyncio.sleep(0.5)  # it tries, and has no intent
            assert wechat.ledger.entries("draft") == wechat.ledger.entries("publication") == []
            await admin.execute("DROP FUNCTION fail CASCADE")
        finally:
            await admin.close()
        assert (await rig.until(row.id)).state == State.SUCCEEDED
        assert rig.committed("publication") == 1


_FAILS = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{said}'; END $$;
CREATE TRIGGER fail BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION fail();
CREATE TRIGGER fail BEFORE INSERT ON intent FOR EACH ROW EXECUTE FUNCTION fail();
"""


async def test_145_a_corrupted_page_is_an_outage_not_a_crash(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(), tmp_path) as database:
        await migrate(database)
        async with database.write() as connection:
            for number in range(200):
                filled = {"text": "x" * 2_000}
                await jobs.insert(connection, job_row(f"job_{number:03}", payload=filled))
    path = tmp_path / "wxgate.db"
    whole = path.read_bytes()
    at = whole.index(b"job_100") // 4096 * 4096
    path.write_bytes(whole[:at] + b"\xff" * 4096 + whole[at + 4096 :])
    async with open_database(DatabaseSettings(), tmp_path) as database:
        with pytest.raises(StorageUnavailable):
            async with database.read() as connection:
                for number in range(200):
                    await jobs.get(connection, f"job_{number:03}")


@pytest.mark.slow
async def test_145_a_full_disk(wechat: RunningSandbox, tmp_path: Path) -> None:
    config = configuration(wechat, tmp_path, free_port())
    write_toml(path := tmp_path / "config.toml", config)
    async with serve(path, config["server"]["public_url"], KEY) as served:
        first = await _post(served)
        assert (await served.ended(first))["state"] == "succeeded"
        before = wechat.ledger.entries()
        pid = served.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        answer = await served.http.post("/v1/accounts/main/articles", json=ARTICLE)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "storage_unavailable"
        assert (await served.http.get("/health/ready")).status_code == 503
        assert (await served.http.get("/health/live")).status_code == 200
        assert wechat.ledger.entries() == before
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert (await served.ended(await _post(served)))["state"] == "succeeded"


async def _post(served: Served) -> str:
    answer = await served.http.post("/v1/accounts/main/articles", json=ARTICLE)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    return job_id


# Migrates, and is killed at the statement that begins with a given text.
_MIGRATES = """
import asyncio, os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from sqlalchemy import event
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
url, data_dir, last = sys.argv[1:]
async def main():
    async with open_database(DatabaseSettings(url=SecretStr(url)), Path(data_dir)) as database:
        @event.listens_for(database._engine.sync_engine, "before_cursor_execute")
        def look(_c, _cursor, statement, *_):
            if last and last in statement:
                os.kill(os.getpid(), signal.SIGKILL)
        await migrate(database)
asyncio.run(main())
"""


def _migrating(url: str, data_dir: Path, last: str = "") -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _MIGRATES, url, str(data_dir), last])


@pytest.mark.slow
@pytest.mark.parametrize("last", ["CREATE TABLE intent", "ix_tag_name", "UPDATE alembic_version"])
async def test_146_a_migration_that_is_killed_is_done_anew(
    database_url: str, tmp_path: Path, last: str
) -> None:
    assert _migrating(database_url, tmp_path, last).wait(60) == -signal.SIGKILL
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as database:
        await migrate(database)
        await require_current(database)
        async with database.read() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM tag")) == 0


@pytest.mark.slow
async def test_146_two_processes_that_migrate_at_once(database_url: str, tmp_path: Path) -> None:
    both = [_migrating(database_url, tmp_path) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as database:
        await require_current(database)
        async with database.read() as connection:
            assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
