from store import happenings
from store.engine import Database
from store.happenings import HappeningRow


async def happened(database: Database) -> list[HappeningRow]:
    """What people are to be told of, oldest first."""
    async with database.write() as connection:
        return await happenings.take(connection, limit=999)
