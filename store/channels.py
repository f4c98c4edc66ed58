from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import channel
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A way to people, made through the API."""

    name: str
    type: str
    sealed: bytes = field(repr=False)
    disabled: bool
    version: int
    created_at: float
    updated_at: float


async def channels(connection: AsyncConnection) -> list[ChannelRow]:
    """All of them, by name."""
    query = select(channel).order_by(channel.c.name)
    return [_row(found) for found in await connection.execute(query)]


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> ChannelRow | None:
    """The channel; with `lock` nobody else changes it before the caller commits."""
    query = select(channel).where(channel.c.name == name)
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _row(found) if found else None


async def insert(connection: AsyncConnection, row: ChannelRow) -> bool:
    """Add a channel; False if its name is taken."""
    statement = insert_for(connection, channel).values(asdict(row))
    return (await connection.execute(statement.on_conflict_do_nothing())).rowcount == 1


async def put(connection: AsyncConnection, row: ChannelRow) -> None:
    """Write a channel anew."""
    await connection.execute(update(channel).where(channel.c.name == row.name).values(asdict(row)))


async def put_sealed(connection: AsyncConnection, name: str, sealed: bytes) -> None:
    """Keep the same settings under another master key."""
    await connection.execute(update(channel).where(channel.c.name == name).values(sealed=sealed))


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove a channel."""
    await connection.execute(delete(channel).where(channel.c.name == name))


def _row(found: Row[Any]) -> ChannelRow:
    return ChannelRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
