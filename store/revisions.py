from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import revision
from store.upsert import insert_for

# What is kept in memory by every process and changed through the store.
CLIENTS = "clients"
ACCOUNTS = "accounts"
SESSIONS = "sessions"
CAPABILITIES = "capabilities"
CHANNELS = "channels"

PULSE = "pulse"  # changes all the time; kept beside the store too (jobs/pulse.py)


async def bump(connection: AsyncConnection, name: str) -> None:
    """Say that `name` has changed; seen by others when the caller's transaction is committed.

    Two writers of one `name` queue up here, so that no change shares its number with another.
    """
    insert = insert_for(connection, revision).values(name=name, number=1)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=[revision.c.name], set_={"number": revision.c.number + 1}
        )
    )


async def read(connection: AsyncConnection) -> dict[str, int]:
    """The number of everything that was ever changed, by name."""
    rows = await connection.execute(select(revision.c.name, revision.c.number))
    return {row.name: row.number for row in rows}
