from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import official_account
from store.upsert import insert_for


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret under the master key; since when it is this one, as Unix time."""

    value: str = field(repr=False)  # base64
    since: float


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An official account of the store."""

    name: str
    app_id: str
    sealed: Mapping[str, SealedSecret] = field(repr=False)
    settings: dict[str, Any]
    version: int
    created_at: float
    updated_at: float


async def accounts(connection: AsyncConnection) -> list[AccountRow]:
    """All accounts, by name."""
    query = select(official_account).order_by(official_account.c.name)
    return [_row(found) for found in await connection.execute(query)]


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> AccountRow | None:
    """The account; with `lock` nobody else changes it before the caller commits."""
    query = select(official_account).where(official_account.c.name == name)
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _row(found) if found else None


async def insert(connection: AsyncConnection, row: AccountRow) -> bool:
    """Add an account; False if its name or AppID is taken."""
    statement = insert_for(connection, official_account).values(asdict(row))
    return (await connection.execute(statement.on_conflict_do_nothing())).rowcount == 1


async def put(connection: AsyncConnection, row: AccountRow) -> None:
    """Write an account anew."""
    where = official_account.c.name == row.name
    await connection.execute(update(official_account).where(where).values(asdict(row)))


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove an account."""
    await connection.execute(delete(official_account).where(official_account.c.name == name))


def _row(found: Row[Any]) -> AccountRow:
    columns = dict(found._mapping)  # noqa: SLF001 - SQLAlchemy's own name
    sealed = {name: SealedSecret(**secret) for name, secret in columns.pop("sealed").items()}
    return AccountRow(**columns, sealed=sealed)
