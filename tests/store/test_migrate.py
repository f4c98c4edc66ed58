import asyncio
import json
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Connection, text

from store import files, intents, jobs
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import HEAD, MIGRATIONS, SchemaOutdated, SchemaTooNew, migrate, require_current
from store.tables import metadata


async def test_the_migrations_arrive_at_the_declared_tables(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


async def test_a_second_run_changes_nothing(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO uploaded_image VALUES ('a','b','c','d',1)"))
    await migrate(database)
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM uploaded_image")) == 1


async def test_a_newer_schema_is_refused_and_left_alone(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (migrate, require_current):
        with pytest.raises(SchemaTooNew, match="9999"):
            await look(database)
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


async def test_two_processes_that_start_at_once_both_get_the_schema(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.execute(text("DROP TABLE alembic_version"))
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as other:
        await asyncio.gather(migrate(database), migrate(other))
        async with other.read() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM job")) == 0


async def test_an_interrupted_migration_leaves_nothing_behind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.execute(text("DROP TABLE alembic_version"))
        # The last table of the migration is in its way: the earlier ones must not stay.
        await connection.execute(text("CREATE TABLE uploaded_image (x INTEGER)"))
    with pytest.raises(Exception, match="uploaded_image"):
        await migrate(database)
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE uploaded_image"))
    await migrate(database)


async def test_a_database_without_the_schema_is_refused_where_nobody_migrates(
    database: Database,
) -> None:
    await require_current(database)
    async with database.write() as connection:
        await connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(SchemaOutdated):
        await require_current(database)


_OLD_INTENT = (
    "INSERT INTO intent (job_id, effect, attempt, account, fingerprint, owner, epoch, sent_at)"
    " VALUES ('job_1', 'draft', 1, 'main', :fingerprint, 'me', 1, 100)"
)
_OLD_JOB = """INSERT INTO job (id, kind, account, client_id, state, action, payload, checkpoint,
  progress, run_at, attempts, epoch, version, cancel_requested, created_at, updated_at)
  VALUES (:id, 'article', 'main', 'blog', 'running', 'draft', '{}', :checkpoint,
  '{}', 1, 0, 1, 1, false, 1, 1)"""


async def before(database: Database, revision: str) -> None:
    """An empty database as an earlier wxgate left it."""
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.execute(text("DROP TABLE alembic_version"))
    await migrate(database, to=revision)


async def test_jobs_and_intents_from_before_get_their_article_in_a_list(
    database: Database,
) -> None:
    await before(database, "0003")
    article = {"title": "t", "content": "<p>文</p>", "thumb_media_id": "c"}
    old = {"article": article, "text_hash": "h", "media_id": "m", "article_url": "/s"}
    said = {"title": "t", "digest": "", "thumb_media_id": "c", "text_hash": "h", "media_id": "m"}
    async with database.write() as connection:
        for job_id, checkpoint in (("job_1", old), ("job_2", {})):
            values = {"id": job_id, "checkpoint": json.dumps(checkpoint)}
            await connection.execute(text(_OLD_JOB), values)
        await connection.execute(text(_OLD_INTENT), {"fingerprint": json.dumps(said)})
    await migrate(database)
    async with database.read() as connection:
        row, other = await jobs.get(connection, "job_1"), await jobs.get(connection, "job_2")
        (intent,) = await intents.of_job(connection, "job_1", "draft")
    assert row is not None
    assert row.checkpoint == {
        "articles": [article],
        "text_hashes": ["h"],
        "media_id": "m",
        "article_urls": ["/s"],
    }
    assert other is not None
    assert other.checkpoint == {}
    cover = {"title": "t", "digest": "", "cover": "c", "text_hash": "h"}
    assert intent.fingerprint == {"articles": [cover], "media_id": "m"}


async def test_jobs_from_before_keep_their_files(database: Database) -> None:
    await before(database, "0004")
    file = "INSERT INTO job_file (job_id, name, data) VALUES (:job, :name, :data)"
    async with database.write() as connection:
        for job_id in ("job_1", "job_2"):
            await connection.execute(text(_OLD_JOB), {"id": job_id, "checkpoint": "{}"})
            values = {"job": job_id, "name": "图.png", "data": b"x"}
            await connection.execute(text(file), values)
    await migrate(database)
    async with database.read() as connection:
        for job_id in ("job_1", "job_2"):
            assert await files.of_job(connection, job_id) == {"图.png": b"x"}
        assert await files.size(connection, "blog") == 1
        row = await jobs.head(connection, "job_1")
    assert row is not None
    assert (row.held, row.parent_id, row.due_at) == (False, None, None)


async def test_a_schedules_jobs_from_before_keep_the_time_they_were_made_for(
    database: Database,
) -> None:
    await before(database, "0005")
    async with database.write() as connection:
        for job_id in ("job_1", "job_2"):
            await connection.execute(text(_OLD_JOB), {"id": job_id, "checkpoint": "{}"})
        made = "UPDATE job SET schedule_id = 's', due_at = 60.0 WHERE id = 'job_1'"
        await connection.execute(text(made))
    await migrate(database)
    async with database.read() as connection:
        assert await jobs.is_made(connection, "s", 60.0)
        other = await jobs.head(connection, "job_2")
    assert other is not None
    assert other.schedule_at is None
