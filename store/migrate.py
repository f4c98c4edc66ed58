from pathlib import Path

from sqlalchemy import Connection, inspect, text

from core.errors import GatewayError, Text
from store.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0009"
# Any number that nobody else uses in this database.
_ADVISORY_LOCK = 0x77786761746501


class SchemaTooNew(GatewayError):
    """The database was migrated by a newer wxgate than this one."""

    code = "schema_too_new"
    message = Text(
        "数据库结构版本 {found} 比本程序认识的 {known} 新",
        "the database has schema {found}, newer than {known}, the last this program knows",
    )
    hint = Text(
        "请使用新版 wxgate，或恢复升级前的备份",
        "run the newer wxgate, or restore the backup made before the upgrade",
    )


class SchemaOutdated(GatewayError):
    """The database still has the schema of an older wxgate, or none."""

    code = "schema_outdated"
    message = Text(
        "数据库结构版本 {found} 过旧，需要 {known}",
        "the database has schema {found}; this program needs {known}",
    )
    hint = Text("先运行 wxgate migrate", "run wxgate migrate first")


async def migrate(database: Database, *, to: str = HEAD) -> None:
    """Bring the schema to its newest form (or that of `to`), all or nothing. Raises SchemaTooNew.

    Safe when several processes start at once: the first one migrates, the others wait for it.
    """
    async with database.write() as connection:  # SQLite: BEGIN IMMEDIATE is the lock
        if not database.is_sqlite:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        await connection.run_sync(_upgrade, to)


async def require_current(database: Database) -> None:
    """Raise SchemaOutdated or SchemaTooNew unless the schema is this program's."""
    async with database.read() as connection:
        found = await connection.run_sync(_revision)
    if found != HEAD:
        raise SchemaOutdated(found=found or "-", known=HEAD)


def _upgrade(connection: Connection, to: str) -> None:
    if _revision(connection) == to:
        return
    # Only a process that has something to migrate pays for loading Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Config interpolates with %; a path may hold one.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _revision(connection: Connection) -> str | None:
    """The schema's revision, None without one. Revisions are numbers of four digits."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    query = text("SELECT version_num FROM alembic_version")
    revision: str | None = connection.execute(query).scalar()
    if revision is not None and revision > HEAD:
        raise SchemaTooNew(found=revision, known=HEAD)
    return revision
