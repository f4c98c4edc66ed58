from dataclasses import asdict, dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import refresh_token, session


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A login by client_id and client_secret."""

    id: str
    client_id: str
    key_digest: str
    created_at: float
    expires_at: float
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class RefreshRow:
    """A refresh token, known by its digest alone."""

    digest: str
    session_id: str
    created_at: float
    used_at: float | None = None


async def insert(connection: AsyncConnection, row: SessionRow) -> None:
    """Add a session."""
    await connection.execute(session.insert().values(asdict(row)))


async def find(connection: AsyncConnection, session_id: str) -> SessionRow | None:
    """The session."""
    query = select(session).where(session.c.id == session_id)
    row = (await connection.execute(query)).one_or_none()
    return SessionRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's own name


async def revoke(connection: AsyncConnection, session_id: str, at: float) -> bool:
    """End a session; False if it had ended, or never was."""
    statement = update(session).where(session.c.id == session_id, session.c.revoked_at.is_(None))
    return (await connection.execute(statement.values(revoked_at=at))).rowcount == 1


async def revoked(connection: AsyncConnection, *, since: float) -> set[str]:
    """The ids of sessions that were ended since then."""
    rows = await connection.execute(select(session.c.id).where(session.c.revoked_at >= since))
    return set(rows.scalars())


async def purge(connection: AsyncConnection, *, before: float) -> None:
    """Forget sessions that ended by themselves before then, with their refresh tokens."""
    await connection.execute(delete(session).where(session.c.expires_at < before))


async def insert_refresh(connection: AsyncConnection, row: RefreshRow) -> None:
    """Add a refresh token."""
    await connection.execute(refresh_token.insert().values(asdict(row)))


async def of_refresh(connection: AsyncConnection, digest: str) -> SessionRow | None:
    """The session that the refresh token of that digest belongs to."""
    query = select(session).join(refresh_token).where(refresh_token.c.digest == digest)
    row = (await connection.execute(query)).one_or_none()
    return SessionRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's own name


async def use_refresh(connection: AsyncConnection, digest: str, at: float) -> bool:
    """Use up a refresh token; False if it was used before. Of two at once one is told True."""
    statement = update(refresh_token).where(
        refresh_token.c.digest == digest, refresh_token.c.used_at.is_(None)
    )
    return (await connection.execute(statement.values(used_at=at))).rowcount == 1
