from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import client, client_key, client_use
from store.upsert import insert_for


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client of the store; its keys are rows of their own."""

    id: str
    settings: dict[str, Any]
    disabled: bool
    version: int
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key: its digest, and under the master key itself where it must sign requests."""

    digest: str
    client_id: str
    hint: str
    sealed: bytes | None = field(repr=False)
    created_at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class UseRow:
    """When a key was last used, and from which address."""

    digest: str
    client_id: str
    used_at: float
    ip: str | None


async def clients(connection: AsyncConnection) -> list[ClientRow]:
    """All clients, by id."""
    rows = await connection.execute(select(client).order_by(client.c.id))
    return [ClientRow(**row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's own name


async def find(
    connection: AsyncConnection, client_id: str, *, lock: bool = False
) -> ClientRow | None:
    """The client; with `lock` nobody else changes it or its keys before the caller commits."""
    query = select(client).where(client.c.id == client_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return ClientRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's own name


async def insert(connection: AsyncConnection, row: ClientRow) -> bool:
    """Add a client; False if its id is taken."""
    statement = insert_for(connection, client).values(asdict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def put(connection: AsyncConnection, row: ClientRow) -> None:
    """Write a client anew."""
    await connection.execute(update(client).where(client.c.id == row.id).values(asdict(row)))


async def remove(connection: AsyncConnection, client_id: str) -> bool:
    """Remove a client with its keys and their uses; False if there was none."""
    await connection.execute(delete(client_use).where(client_use.c.client_id == client_id))
    # Its keys go with it: ON DELETE CASCADE.
    gone = await connection.execute(delete(client).where(client.c.id == client_id))
    return gone.rowcount == 1


async def keys(connection: AsyncConnection, client_id: str | None = None) -> list[KeyRow]:
    """The keys of a client, or of all; the newest first."""
    query = select(client_key).order_by(client_key.c.created_at.desc(), client_key.c.digest)
    if client_id is not None:
        query = query.where(client_key.c.client_id == client_id)
    return [KeyRow(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def insert_key(connection: AsyncConnection, row: KeyRow) -> None:
    """Add a key."""
    await connection.execute(client_key.insert().values(asdict(row)))


async def end_key(connection: AsyncConnection, digest: str, expires_at: float) -> None:
    """Let a key be good until then."""
    statement = update(client_key).where(client_key.c.digest == digest)
    await connection.execute(statement.values(expires_at=expires_at))


async def put_sealed(connection: AsyncConnection, digest: str, sealed: bytes) -> None:
    """Keep a key under another master key."""
    where = client_key.c.digest == digest
    await connection.execute(update(client_key).where(where).values(sealed=sealed))


async def forget_sealed(connection: AsyncConnection, client_id: str) -> None:
    """Keep no more than the digests of a client's keys."""
    statement = update(client_key).where(client_key.c.client_id == client_id)
    await connection.execute(statement.values(sealed=None))


async def remove_keys(connection: AsyncConnection, digests: Iterable[str]) -> None:
    """Remove keys and what is known of their use."""
    gone = list(digests)
    for table in (client_key, client_use):
        await connection.execute(delete(table).where(table.c.digest.in_(gone)))


async def uses(connection: AsyncConnection, client_id: str | None = None) -> dict[str, UseRow]:
    """The last use of each key of a client, or of all, that was ever used; by its digest."""
    query = select(client_use)
    if client_id is not None:
        query = query.where(client_use.c.client_id == client_id)
    rows = await connection.execute(query)
    return {row.digest: UseRow(**row._mapping) for row in rows}  # noqa: SLF001


async def put_uses(connection: AsyncConnection, rows: Iterable[UseRow]) -> None:
    """Note uses, except where a later one is known already."""
    values = [asdict(row) for row in rows]
    insert_use = insert_for(connection, client_use)
    new = insert_use.excluded
    await connection.execute(
        insert_use.on_conflict_do_update(
            index_elements=[client_use.c.digest],
            set_={"used_at": new.used_at, "ip": new.ip},
            where=client_use.c.used_at < new.used_at,
        ),
        values,
    )
