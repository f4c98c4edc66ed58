from pathlib import Path

from sqlalchemy import Connection, inspect, text

from core.errors import GatewayError, Text
from store.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"
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


async def migrate(database: Database) -> None:
    """Bring the schema to its newest form, all or nothing. Raises SchemaTooNew.

    Safe when several processes start at once: the first one migrates, the others wait for it.
    """
    async with database.write() as connection:  # SQLite: BEGIN IMMEDIATE is the lock
        if not database.is_sqlite:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    found = _revision(connection)
    if found == HEAD:
        return
    # Only a process that has something to migrate pays for loading Alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # Config interpolates with %; a path may hold one.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(found=found[:40], known=HEAD)
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision
