"""access_tokens in PostgreSQL: which is the newest, and who may fetch the next.

Times are the server's own and lives relative, so that the clocks of the hosts need not agree.
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import token
from store.upsert import insert_for

_NONE = {
    "epoch": 0,
    "sealed": b"",
    "expires_at": 0.0,
    "lease_epoch": 0,
    "lease_owner": "",
    "lease_until": 0.0,
    "forced_until": 0.0,
}


def _now() -> ColumnElement[float]:
    # Not the moment in which the transaction began: whoever waited for a row has waited.
    return cast(func.extract("epoch", func.clock_timestamp()), Double)


class KeptToken(NamedTuple):
    """A sealed token with its epoch and the seconds that it has left."""

    epoch: int
    sealed: bytes
    life_s: float


async def get(connection: AsyncConnection, app_id: str) -> KeptToken | None:
    """The newest token that has not expired."""
    left = token.c.expires_at - _now()
    query = select(token.c.epoch, token.c.sealed, left).where(token.c.app_id == app_id, left > 0)
    found = (await connection.execute(query)).first()
    return None if found is None else KeptToken(*found)


async def put(connection: AsyncConnection, app_id: str, kept: KeptToken) -> bool:
    """Keep it, unless one with its epoch or a higher one is there: then False."""
    values = {"epoch": kept.epoch, "sealed": kept.sealed, "expires_at": _now() + kept.life_s}
    older = or_(token.c.epoch < kept.epoch, token.c.expires_at <= _now())
    return await _set(connection, app_id, values, older, token.c.epoch) is not None


async def acquire(
    connection: AsyncConnection, app_id: str, owner: str, *, ttl_s: float, above: int
) -> int | None:
    """The right to fetch a token until `ttl_s` have passed: its epoch, above every earlier one.

    None while somebody else has it.
    """
    now_ms = cast(func.floor(_now() * 1000), BigInteger)
    first = func.greatest(now_ms, literal(above + 1, BigInteger))
    values = {"lease_epoch": first, "lease_owner": owner, "lease_until": _now() + ttl_s}
    later = {"lease_epoch": func.greatest(first, token.c.lease_epoch + 1)}
    free = token.c.lease_until <= _now()
    epoch = await _set(connection, app_id, values, free, token.c.lease_epoch, later)
    return None if epoch is None else int(epoch)


async def release(connection: AsyncConnection, app_id: str, owner: str) -> None:
    """Give the right back, if it is still the owner's."""
    mine = update(token).where(token.c.app_id == app_id, token.c.lease_owner == owner)
    await connection.execute(mine.values(lease_until=0.0))


async def claim_force(connection: AsyncConnection, app_id: str, *, gap_s: float) -> float:
    """0 for the one that may force a new token now, else the seconds left of the gap."""
    values = {"forced_until": _now() + gap_s}
    free = token.c.forced_until <= _now()
    if await _set(connection, app_id, values, free, token.c.epoch) is not None:
        return 0.0
    query = select(token.c.forced_until - _now()).where(token.c.app_id == app_id)
    return max(0.0, await connection.scalar(query) or 0.0)


async def purge(connection: AsyncConnection, *, before: float) -> int:
    """Forget accounts that nobody has wanted a token of since then, as those removed; how many."""
    idle = (token.c.expires_at, token.c.lease_until, token.c.forced_until)
    statement = delete(token).where(*(until < before for until in idle))
    return (await connection.execute(statement)).rowcount


async def _set(
    connection: AsyncConnection,
    app_id: str,
    values: dict[str, Any],
    where: Any,
    returning: Any,
    later: dict[str, Any] | None = None,
) -> Any:
    """Set these columns of the account's row if `where` holds, or make it; None if it did not.

    `later`: what differs where there is a row already.
    """
    insert = insert_for(connection, token).values(app_id=app_id, **_NONE | values)
    statement = insert.on_conflict_do_update(
        index_elements=[token.c.app_id], set_=values | (later or {}), where=where
    )
    return await connection.scalar(statement.returning(returning))
