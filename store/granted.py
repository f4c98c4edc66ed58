"""Calls granted to the processes that share this PostgreSQL.

Times are its own, so that the clocks of the hosts need not agree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Double, cast, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import granted
from store.upsert import insert_for

_APART = ""  # the row that tells when a process last did without Redis
_TOLD_AGAIN_S = 1.0  # so seldom, lest all processes wait for that row


class Known(NamedTuple):
    """What is known of some rules."""

    apart_at: float  # when a process last did without Redis; Unix time
    calls: dict[str, dict[int, int]]  # that were granted, by rule and slot of time


def _now() -> ColumnElement[float]:
    # Not the moment in which the transaction began: whoever waited for a lock has waited.
    return cast(func.extract("epoch", func.clock_timestamp()), Double)


async def lock(connection: AsyncConnection, rules: Sequence[str]) -> float:
    """Have these rules alone until the transaction ends; the Unix time at which that begins.

    By advisory locks: a rule may have no row yet, and what is read after them is of now.
    """
    keys = sorted(_lock_of(rule) for rule in rules)  # in one order: no two wait for each other
    each = func.unnest(literal(keys, ARRAY(BigInteger))).column_valued("key")
    locked = await connection.execute(select(func.pg_advisory_xact_lock(each), _now()))
    return max(float(now) for _, now in locked)


def _lock_of(rule: str) -> int:
    return int.from_bytes(hashlib.sha256(rule.encode()).digest()[:8], signed=True)


async def tell_apart(connection: AsyncConnection) -> None:
    """Write down that a process does without Redis now."""
    row = {"rule": _APART, "calls": {}, "ends_at": _now()}
    statement = insert_for(connection, granted).values(row)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[granted.c.rule],
            set_={"ends_at": _now()},
            where=granted.c.ends_at < _now() - _TOLD_AGAIN_S,
        )
    )


async def look(connection: AsyncConnection, rules: Sequence[str]) -> Known:
    """What is granted by these rules."""
    query = select(granted.c.rule, granted.c.calls, granted.c.ends_at)
    rows = {
        rule: (kept, ends_at)
        for rule, kept, ends_at in await connection.execute(
            query.where(granted.c.rule.in_([_APART, *rules]))
        )
    }
    _, apart_at = rows.pop(_APART, ({}, 0.0))
    calls = {
        rule: {int(slot): count for slot, count in kept.items()} for rule, (kept, _) in rows.items()
    }
    return Known(apart_at, calls)


async def keep(
    connection: AsyncConnection, rule: str, calls: Mapping[int, int], *, ends_at: float
) -> None:
    """Write down what is granted by a rule that is locked, and when none of it counts any more."""
    kept = {"calls": {str(slot): count for slot, count in calls.items()}, "ends_at": ends_at}
    insert = insert_for(connection, granted).values(rule=rule, **kept)
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[granted.c.rule], set_=kept)
    )


async def clear(connection: AsyncConnection, rules: Sequence[str]) -> None:
    """Forget what these rules granted."""
    await lock(connection, rules)
    await connection.execute(delete(granted).where(granted.c.rule.in_(rules)))


async def purge(connection: AsyncConnection, *, before: float) -> int:
    """Forget rules whose grants ended by then, as those changed since; how many."""
    statement = delete(granted).where(granted.c.ends_at < before)
    return (await connection.execute(statement)).rowcount
