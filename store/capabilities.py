from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import capability
from store.upsert import insert_for


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    """What is known of an account, and when somebody last set out to learn it."""

    app_id: str
    facts: dict[str, Any]
    checked_at: float


async def capabilities(connection: AsyncConnection) -> list[CapabilityRow]:
    """All of them."""
    found = await connection.execute(select(capability))
    return [CapabilityRow(row.app_id, row.facts, row.checked_at) for row in found]


async def put(connection: AsyncConnection, row: CapabilityRow) -> None:
    """Keep what is known now."""
    values = asdict(row)
    insert = insert_for(connection, capability).values(values)
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[capability.c.app_id], set_=values)
    )


async def claim(connection: AsyncConnection, row: CapabilityRow, seen: float | None) -> bool:
    """Keep `row` unless somebody was quicker: its time was `seen`, None for no row at all."""
    if seen is None:
        insert = insert_for(connection, capability).values(asdict(row))
        return (await connection.execute(insert.on_conflict_do_nothing())).rowcount == 1
    unchanged = (capability.c.app_id == row.app_id) & (capability.c.checked_at == seen)
    done = await connection.execute(update(capability).where(unchanged).values(asdict(row)))
    return done.rowcount == 1
