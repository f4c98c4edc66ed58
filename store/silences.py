from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import silence


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRow:
    """What nobody is to be told of for a while."""

    id: str
    events: list[str]  # names, with * at the end of one
    account: str | None  # None: of any
    key: str | None  # None: whatever it is about
    reason: str
    created_by: str
    created_at: float
    starts_at: float
    ends_at: float

    def covers(self, event: str, account: str | None, key: str) -> bool:
        """Whether it is about that, at any time."""
        return (
            self.account in (None, account)
            and self.key in (None, key)
            and any(fits(pattern, event) for pattern in self.events)
        )


def fits(pattern: str, event: str) -> bool:
    """Whether the pattern names that event: as it is, or by its beginning and a *."""
    return event.startswith(pattern[:-1]) if pattern.endswith("*") else event == pattern


async def insert(connection: AsyncConnection, row: SilenceRow) -> None:
    """Add a silence."""
    await connection.execute(silence.insert().values(asdict(row)))


async def get(
    connection: AsyncConnection, silence_id: str, *, lock: bool = False
) -> SilenceRow | None:
    """The silence of that id; with `lock` nobody else changes it before the caller commits."""
    query = select(silence).where(silence.c.id == silence_id)
    found = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _row(found) if found else None


async def at(connection: AsyncConnection, now: float) -> list[SilenceRow]:
    """Those that hold now."""
    query = select(silence).where(silence.c.starts_at <= now, silence.c.ends_at > now)
    return [_row(found) for found in await connection.execute(query)]


async def page(
    connection: AsyncConnection, *, ends_after: float | None, before: str | None, limit: int
) -> list[SilenceRow]:
    """Silences, newest first, older than the one of id `before`."""
    query = select(silence).order_by(silence.c.id.desc()).limit(limit)
    if ends_after is not None:
        query = query.where(silence.c.ends_at > ends_after)
    if before is not None:
        query = query.where(silence.c.id < before)
    return [_row(found) for found in await connection.execute(query)]


async def end(connection: AsyncConnection, silence_id: str, now: float) -> None:
    """Let it end now; one that was to begin later never does."""
    statement = update(silence).where(silence.c.id == silence_id, silence.c.ends_at > now)
    await connection.execute(statement.values(ends_at=now))


async def purge(connection: AsyncConnection, *, before: float, limit: int = 1_000) -> int:
    """Drop at most `limit` that ended before then; how many."""
    old = select(silence.c.id).where(silence.c.ends_at < before).limit(limit)
    return (await connection.execute(delete(silence).where(silence.c.id.in_(old)))).rowcount


def _row(found: Row[Any]) -> SilenceRow:
    return SilenceRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
