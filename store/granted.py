"""Calls granted to the processes that share this PostgreSQL.

Times are its own, so that the clocks of the hosts need not agree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, Double, cast, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import granted
from store.upsert import insert_for

# Whoever stands still with the locks loses them then; the others must not wait much longer.
_IDLE_MS = "500"


class Granted(NamedTuple):
    """What is granted by one rule."""

    calls: Mapping[int, int]  # by slot of time
    strict_until: float  # Unix time
    over_at: float  # when nothing of it matters any more


async def lock(connection: AsyncConnection, rules: Sequence[str]) -> float:
    """Have these rules alone until the transaction ends; the Unix time at which that begins.

    By advisory locks: a rule may have no row yet, and what is read after them is of now.
    """
    keys = sorted(_lock_of(rule) for rule in rules)  # in one order: no two wait for each other
    each = func.unnest(literal(keys, ARRAY(BigInteger))).column_valued("key")
    # Not the moment in which the transaction began: whoever waited for a lock has waited.
    now = cast(func.extract("epoch", func.clock_timestamp()), Double)
    bound = func.set_config("idle_in_transaction_session_timeout", _IDLE_MS, True)
    locked = await connection.execute(select(bound, func.pg_advisory_xact_lock(each), now))
    return max(float(now) for _, _, now in locked)


def _lock_of(rule: str) -> int:
    return int.from_bytes(hashlib.sha256(rule.encode()).digest()[:8], signed=True)


async def look(connection: AsyncConnection, rules: Sequence[str]) -> dict[str, Granted]:
    """What is granted by these rules, as far as anything is."""
    query = select(granted).where(granted.c.rule.in_(rules))
    return {
        row.rule: Granted(
            {int(slot): count for slot, count in row.calls.items()}, row.strict_until, row.over_at
        )
        for row in await connection.execute(query)
    }


async def keep(connection: AsyncConnection, rules: Mapping[str, Granted]) -> None:
    """Write down what is granted by rules that are locked."""
    insert = insert_for(connection, granted)
    columns = ("calls", "strict_until", "over_at")
    statement = insert.on_conflict_do_update(
        index_elements=[granted.c.rule],
        set_={name: insert.excluded[name] for name in columns},
    )
    rows = [
        {
            "rule": rule,
            "calls": {str(slot): count for slot, count in kept.calls.items()},
            "strict_until": kept.strict_until,
            "over_at": kept.over_at,
        }
        for rule, kept in rules.items()
    ]
    await connection.execute(statement, rows)


async def clear(connection: AsyncConnection, rules: Sequence[str]) -> None:
    """Forget what these rules granted."""
    await lock(connection, rules)
    await connection.execute(delete(granted).where(granted.c.rule.in_(rules)))


async def purge(connection: AsyncConnection, *, before: float) -> int:
    """Forget rules that were over by then, as those changed since; how many."""
    statement = delete(granted).where(granted.c.over_at < before)
    return (await connection.execute(statement)).rowcount
