from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import traffic
from store.upsert import insert_for

STEP_S = 300  # how long the calls of a row began in


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRow:
    """Calls of an account that began in the five minutes from `at` on."""

    account: str
    at: int
    calls: int
    errors: int
    slow: int
    took_ms: float


async def add(connection: AsyncConnection, rows: Sequence[TrafficRow]) -> None:
    """Add what a process has counted to what the others have."""
    if not rows:
        return
    insert = insert_for(connection, traffic)
    statement = insert.on_conflict_do_update(
        index_elements=[traffic.c.account, traffic.c.at],
        set_={
            name: traffic.c[name] + insert.excluded[name]
            for name in ("calls", "errors", "slow", "took_ms")
        },
    )
    # In one order, so that two who write never wait for each other.
    in_order = sorted(rows, key=lambda row: (row.account, row.at))
    await connection.execute(statement, [asdict(row) for row in in_order])


async def since(connection: AsyncConnection, at: float) -> list[TrafficRow]:
    """The calls of each account from then on, added up; `at` is when its first began."""
    sums = (func.sum(traffic.c[name]).label(name) for name in ("calls", "errors", "slow"))
    query = (
        select(
            traffic.c.account,
            func.min(traffic.c.at).label("at"),
            *sums,
            func.sum(traffic.c.took_ms).label("took_ms"),
        )
        .where(traffic.c.at >= at)
        .group_by(traffic.c.account)
    )
    return [
        TrafficRow(
            account=row.account,
            at=row.at,
            calls=int(row.calls),
            errors=int(row.errors),
            slow=int(row.slow),
            took_ms=float(row.took_ms),
        )
        for row in await connection.execute(query)
    ]


async def calls_in(
    connection: AsyncConnection, spans: Sequence[tuple[int, int]]
) -> dict[str, dict[int, int]]:
    """The calls of each account in each of the spans [begin, end) that had any, by its begin."""
    found: dict[str, dict[int, int]] = {}
    any_of_them = or_(*(traffic.c.at.between(begin, end - 1) for begin, end in spans))
    query = select(traffic.c.account, traffic.c.at, traffic.c.calls).where(any_of_them)
    for account, at, calls in await connection.execute(query):
        begin = next(begin for begin, end in spans if begin <= at < end)
        by_span = found.setdefault(account, {})
        by_span[begin] = by_span.get(begin, 0) + calls
    return found


async def first(connection: AsyncConnection) -> dict[str, int]:
    """When the first calls that are known of each account began."""
    query = select(traffic.c.account, func.min(traffic.c.at)).group_by(traffic.c.account)
    return {account: int(at) for account, at in await connection.execute(query)}


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` rows from before then; how many."""
    key = (traffic.c.account, traffic.c.at)
    old = select(*key).where(traffic.c.at < before).limit(limit)
    return (await connection.execute(delete(traffic).where(tuple_(*key).in_(old)))).rowcount
