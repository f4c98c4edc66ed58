import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from jobs.pulse import Pulse
from server.backup.container import BackupUnreadable, writing
from server.backup.making import Made, Target, make_backup
from server.backup.restoring import (
    StoreNotEmpty,
    examine,
    forget_the_time_since,
    put_back,
    restore,
)
from store import jobs
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate, require_current
from store.tables import file, job, metadata
from tests.store.rows import job_row

NOW = 1_795_000_000.0
HARD = "\ud800 \x00 \u2028 文 😀"  # what JSON texts of callers may hold


async def filled(database: Database, folder: Path) -> Made:
    async with database.write() as connection:
        # Texts of callers are JSON, where any character may stand.
        await jobs.insert(connection, job_row(payload={"a": [HARD, None, 1.5, {"b": True}]}))
        await jobs.insert(connection, job_row("job_2", result=None, title="二"))
        bytes_ = {"client_id": "blog", "sha256": "s", "size": 256, "data": bytes(range(256))}
        await connection.execute(file.insert().values(**bytes_, used_at=1.25))
    return await make_backup(database, Target(folder), now=NOW)


async def rows_of(database: Database) -> dict[str, list[tuple[object, ...]]]:
    async with database.read() as connection:
        return {
            table.name: [tuple(row) for row in await connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


async def test_either_store_is_restored_to_sqlite_as_it_was(
    database: Database, tmp_path: Path
) -> None:
    made = await filled(database, tmp_path / "to")
    other = tmp_path / "other"
    other.mkdir()
    async with open_database(DatabaseSettings(), other) as empty:
        found = await restore(empty, made.path)
        await require_current(empty)
        assert await rows_of(empty) == await rows_of(database)
        async with empty.read() as connection:  # NULL is NULL again
            kept = select(job.c.id).where(job.c.result.is_(None))
            assert len((await connection.execute(kept)).all()) == 2
    assert found.rows == {"job": 2, "file": 1}


async def test_sqlite_is_restored_to_either(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    async with open_database(DatabaseSettings(), tmp_path / "a") as source:
        await migrate(source)
        made = await filled(source, tmp_path)
        before = await rows_of(source)
    settings = DatabaseSettings(url=SecretStr(database_url))
    async with open_database(settings, tmp_path) as target:
        await restore(target, made.path)
        assert await rows_of(target) == before


async def test_a_store_that_holds_something_is_left_alone(
    database: Database, tmp_path: Path
) -> None:
    made = await filled(database, tmp_path / "to")
    before = await rows_of(database)
    with pytest.raises(StoreNotEmpty, match="file, job"):
        await restore(database, made.path)
    assert await rows_of(database) == before


async def test_a_backup_of_an_older_schema_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old"
    head = {"wxgate_backup": 1, "schema": "0006", "created_at": ""}
    end = {"end": {"revision": 1}}
    row = {"table": "revision", "row": {"name": "clients", "number": 3}}
    with writing(path) as written:
        written.write("\n".join(map(json.dumps, (head, row, end))).encode())
    async with open_database(DatabaseSettings(), tmp_path) as empty:
        await restore(empty, path)
        await require_current(empty)
        async with empty.read() as connection:
            assert await connection.scalar(text("SELECT number FROM revision")) == 3


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"wxgate_backup": 2, "schema": "0007"}],
        [{"wxgate_backup": 1, "schema": "9999"}],
        [{"wxgate_backup": 1, "schema": "0007"}, {"end": {"job": 1}}],
        [{"wxgate_backup": 1, "schema": "0007"}],
        [{"wxgate_backup": 1, "schema": "0007"}, [1]],
        [{"wxgate_backup": 1, "schema": "0007"}, {"odd": 1}],
        [{"wxgate_backup": 1, "schema": "0007"}, {"file": "../x", "data": ""}, {"end": {}}],
        [{"wxgate_backup": 1, "schema": "0007"}, {"file": "x", "data": "?"}, {"end": {}}],
    ],
)
def test_what_is_no_whole_backup_is_refused(tmp_path: Path, lines: list[object]) -> None:
    with writing(tmp_path / "b") as written:
        written.write("\n".join(map(json.dumps, lines)).encode())
    with pytest.raises(BackupUnreadable):
        examine(tmp_path / "b")


async def test_the_next_start_knows_that_the_store_has_forgotten(
    database: Database, tmp_path: Path
) -> None:
    await forget_the_time_since(database, tmp_path, NOW)
    assert await Pulse(database, tmp_path, clock=lambda: NOW + 60).lost_until() == NOW + 20


def test_files_are_put_back_and_none_is_written_over(tmp_path: Path) -> None:
    files = {"master.key": b"k", "ca/ca.pem": b"c", "config.toml": b"[server]"}
    put_back(files, tmp_path)
    put_back(files, tmp_path)
    assert (tmp_path / "config.restored.toml").read_bytes() == b"[server]"
    assert (tmp_path / "ca" / "ca.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        put_back({"master.key": b"other"}, tmp_path)
    assert (tmp_path / "master.key").read_bytes() == b"k"
