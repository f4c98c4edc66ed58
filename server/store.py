from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from server.settings import Settings
from store.engine import Database, StorageUnavailable, open_database
from store.migrate import migrate, require_current


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Database]:
    """The database at this version's schema: SQLite is migrated here, PostgreSQL by the CLI."""
    async with open_database(settings.database, settings.server.data_dir) as database:
        if database.is_sqlite:
            await migrate(database)
        else:
            await require_current(database)
        yield database


def store_check(database: Database) -> Callable[[], Awaitable[str]]:
    """Tells the code of what is wrong with the store, or nothing."""

    async def check() -> str:
        try:
            await database.ping()
        except StorageUnavailable as exc:
            return exc.code
        return ""

    return check
