from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import idempotency
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedKey:
    """An Idempotency-Key and what was made under it."""

    client_id: str
    route: str
    key: str
    body_hash: str
    job_id: str
    created_at: float


async def find(connection: AsyncConnection, client_id: str, route: str, key: str) -> UsedKey | None:
    """What the client used the key for on that route."""
    query = select(idempotency).where(
        idempotency.c.client_id == client_id,
        idempotency.c.route == route,
        idempotency.c.key == key,
    )
    found = (await connection.execute(query)).one_or_none()
    return UsedKey(**found._mapping) if found else None  # noqa: SLF001 - SQLAlchemy's own name


async def take(connection: AsyncConnection, used: UsedKey) -> bool:
    """Record the use of a key; False if somebody else committed a use of it first.

    On PostgreSQL this waits for a transaction that is about to commit the same key.
    """
    values = {name: getattr(used, name) for name in UsedKey.__dataclass_fields__}
    statement = insert_for(connection, idempotency).values(values).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def purge(connection: AsyncConnection, *, before: float) -> int:
    """Forget keys used before then; how many."""
    statement = delete(idempotency).where(idempotency.c.created_at < before)
    return (await connection.execute(statement)).rowcount
