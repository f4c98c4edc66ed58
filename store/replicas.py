"""The processes that share a store, as they tell of themselves."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import replica
from store.upsert import insert_for

ReplicaState = Literal["running", "draining", "stopped", "gone"]
LIVE: tuple[ReplicaState, ...] = ("running", "draining")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaRow:
    """A process; see `store/tables/replicas.py` for what the columns mean."""

    id: str
    executor: str
    host: str
    pid: int
    role: str
    version: str
    state: ReplicaState
    config: str
    info: dict[str, Any]
    started_at: float
    beat_at: float
    asked: bool = False


async def put(connection: AsyncConnection, row: ReplicaRow) -> None:
    """Tell of a process, for the first time or again; what it was asked meanwhile stays."""
    values = asdict(row)
    insert = insert_for(connection, replica).values(values)
    again = {name: value for name, value in values.items() if name != "asked"}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[replica.c.id], set_=again)
    )


async def every(connection: AsyncConnection) -> list[ReplicaRow]:
    """All that are remembered, in the order of their start."""
    rows = await connection.execute(select(replica).order_by(replica.c.started_at, replica.c.id))
    return [ReplicaRow(**row._mapping) for row in rows]  # noqa: SLF001 - the documented way


async def live(connection: AsyncConnection) -> list[ReplicaRow]:
    """Those that nobody has found gone."""
    return [row for row in await every(connection) if row.state in LIVE]


async def count(connection: AsyncConnection, *, since: float) -> int:
    """How many have told of themselves since then and have not ended."""
    query = select(func.count()).where(replica.c.state.in_(LIVE), replica.c.beat_at >= since)
    return (await connection.scalar(query)) or 0


async def find_gone(
    connection: AsyncConnection, ids: Collection[str], *, silent_since: float
) -> list[ReplicaRow]:
    """Write down that these are gone, unless one has told of itself since then; those that are."""
    statement = (
        update(replica)
        .where(replica.c.id.in_(ids), replica.c.state.in_(LIVE))
        .where(replica.c.beat_at <= silent_since)
        .values(state="gone")
        .returning(replica)
    )
    return [ReplicaRow(**row._mapping) for row in await connection.execute(statement)]  # noqa: SLF001


async def ask(connection: AsyncConnection, replica_id: str) -> bool:
    """Ask a process that lives to have another started in its place; False if there is none."""
    statement = update(replica).where(replica.c.id == replica_id, replica.c.state.in_(LIVE))
    return (await connection.execute(statement.values(asked=True))).rowcount == 1


async def take_request(connection: AsyncConnection, replica_id: str) -> bool:
    """Whether this process was asked since the last time; one request is taken once."""
    mine = update(replica).where(replica.c.id == replica_id, replica.c.asked)
    return (await connection.execute(mine.values(asked=False))).rowcount == 1


async def forget(connection: AsyncConnection, *, before: float) -> int:
    """Forget those that ended, and were last heard of, before then; how many."""
    old = delete(replica).where(replica.c.state.not_in(LIVE), replica.c.beat_at < before)
    return (await connection.execute(old)).rowcount
