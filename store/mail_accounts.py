"""What the mail accounts of a channel have done, the same for all processes."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store import locks
from store.tables import mail_account
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccountRow:
    """One of them, as the table `mail_account` has it."""

    channel: str
    name: str
    day: str = ""
    sent: int = 0
    turn: float = 0.0
    failures: int = 0
    disabled_at: float | None = None
    probe_at: float | None = None
    error: str | None = None
    updated_at: float = 0.0


async def alone(connection: AsyncConnection, channel: str) -> None:
    """Let nobody else change the accounts of this channel until the transaction ends."""
    await locks.serialize(connection, f"mail {channel}")


async def of_channel(connection: AsyncConnection, channel: str) -> dict[str, MailAccountRow]:
    """Those that have ever been used, by name."""
    query = select(mail_account).where(mail_account.c.channel == channel)
    rows = (MailAccountRow(**row) for row in (await connection.execute(query)).mappings())
    return {row.name: row for row in rows}


async def disabled(connection: AsyncConnection) -> list[MailAccountRow]:
    """Those that nothing is sent by for now, of all channels."""
    query = select(mail_account).where(mail_account.c.disabled_at.is_not(None))
    query = query.order_by(mail_account.c.channel, mail_account.c.name)
    return [MailAccountRow(**row) for row in (await connection.execute(query)).mappings()]


async def put(connection: AsyncConnection, row: MailAccountRow) -> None:
    """Write all of it."""
    values = asdict(row)
    statement = insert_for(connection, mail_account).values(**values)
    keys = (mail_account.c.channel, mail_account.c.name)
    changed = {name: values[name] for name in values if name not in ("channel", "name")}
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


async def claim_probe(
    connection: AsyncConnection, channel: str, name: str, *, due: float, next_at: float
) -> bool:
    """Be the one who tries a disabled account whose time has come at `due`; whether we are."""
    statement = (
        update(mail_account)
        .where(mail_account.c.channel == channel, mail_account.c.name == name)
        .where(mail_account.c.disabled_at.is_not(None), mail_account.c.probe_at <= due)
        .values(probe_at=next_at)
    )
    return (await connection.execute(statement)).rowcount == 1


async def forget(connection: AsyncConnection, row: MailAccountRow) -> bool:
    """Drop it; whether it was there."""
    mine = mail_account.c.channel == row.channel, mail_account.c.name == row.name
    return (await connection.execute(delete(mail_account).where(*mine))).rowcount == 1
