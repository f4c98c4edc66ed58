"""Stores whose schema is already ours: a migration costs more than most of the tests behind it."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
from pydantic import SecretStr
from sqlalchemy import make_url

from store.engine import SQLITE_FILE, DatabaseSettings, open_database
from store.migrate import migrate

_NAME = "prepared"
_LARGE_BYTES = 30_000_000
_SCHEMA = """
SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
    SELECT concat_ws(' ', c.oid, relname, attname, atttypid, attnotnull) AS line
    FROM pg_class c LEFT JOIN pg_attribute ON attrelid = c.oid
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', oid, prosrc) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT oid::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
) AS lines
"""
_END_THE_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Not TRUNCATE: that makes new files for each table and index, empty or not.
_EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM public.%I', name); END LOOP;
END $$
"""


async def make_store(url: str, data_dir: Path) -> None:
    """Migrate the store of `url`, or SQLite's in `data_dir`."""
    async with open_database(DatabaseSettings(url=SecretStr(url)), data_dir) as database:
        await migrate(database)


class PreparedSqlite:
    """A migrated, empty file, to be copied."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SQLITE_FILE
        asyncio.run(make_store("", directory))

    def put(self, data_dir: Path) -> None:
        """Let a store be opened in `data_dir`, unless there is one."""
        path = data_dir / SQLITE_FILE
        if not path.exists():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(self._path, path)


class PreparedPostgres:
    """A migrated database beside the one at `url`, emptied for each test."""

    def __init__(self, url: str) -> None:
        self._server = url
        self.url = make_url(url).set(database=_NAME).render_as_string(hide_password=False)
        self._schema = ""

    def emptied(self) -> str:
        """Its URL; the database is made anew if a test changed its schema or filled it."""
        asyncio.run(self._empty())
        return self.url

    async def _empty(self) -> None:
        if not self._schema:
            await self._make()
            return
        connection = await connect(self.url)
        try:
            # What a test left open, or killed in the middle of a statement, would yet be seen.
            await connection.execute(_END_THE_OTHERS)
            size = await connection.fetchval(f"SELECT pg_database_size('{_NAME}')")
            same = await connection.fetchval(_SCHEMA) == self._schema and size < _LARGE_BYTES
            if same:
                await connection.execute(_EMPTY)
        finally:
            await connection.close()
        if not same:
            await self._make()

    async def _make(self) -> None:
        drop = f"DROP DATABASE IF EXISTS {_NAME} WITH (FORCE)"
        await execute(self._server, drop, f"CREATE DATABASE {_NAME}")
        await make_store(self.url, Path())
        connection = await connect(self.url)
        self._schema = await connection.fetchval(_SCHEMA)
        await connection.close()


async def connect(url: str) -> asyncpg.Connection:
    """A connection to the PostgreSQL of SQLAlchemy's `url`."""
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))


async def execute(url: str, *statements: str) -> None:
    """Run each of `statements` by itself."""
    connection = await connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
