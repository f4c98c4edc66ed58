"""What only one process does at a time, by a lease whose epoch grows with each owner."""

from sqlalchemy import case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import duty
from store.upsert import insert_for


async def acquire(
    connection: AsyncConnection, name: str, owner: str, *, now: float, lease_s: float
) -> int | None:
    """Have the duty until `now + lease_s`: its epoch; None while somebody else has it.

    Whoever has it asks again to keep it. The clocks of all who ask must agree.
    """
    until = now + lease_s
    insert = insert_for(connection, duty).values(
        name=name, owner=owner, epoch=1, until=until, position=0
    )
    mine = duty.c.owner == owner
    statement = insert.on_conflict_do_update(
        index_elements=[duty.c.name],
        set_={
            "owner": owner,
            "epoch": case((mine, duty.c.epoch), else_=duty.c.epoch + 1),
            "until": until,
        },
        where=or_(mine, duty.c.until <= now),
    ).returning(duty.c.epoch)
    epoch: int | None = await connection.scalar(statement)
    return epoch


async def taken(connection: AsyncConnection, name: str, owner: str, now: float) -> bool:
    """Whether somebody else has the duty: to ask for it would be of no use."""
    query = select(duty.c.name).where(
        duty.c.name == name, duty.c.owner != owner, duty.c.until > now
    )
    return await connection.scalar(query) is not None


async def holds(connection: AsyncConnection, name: str, owner: str, epoch: int, now: float) -> bool:
    """Whether the duty is the owner's, and will be to the end of the transaction."""
    query = (
        select(duty.c.name)
        .where(
            *(duty.c.name == name, duty.c.owner == owner),
            *(duty.c.epoch == epoch, duty.c.until > now),
        )
        .with_for_update()
    )
    return await connection.scalar(query) is not None


async def kept_until(connection: AsyncConnection, name: str) -> float:
    """When the lease of the last one who had the duty ends, or ended; 0: nobody ever had it."""
    return await connection.scalar(select(duty.c.until).where(duty.c.name == name)) or 0.0


async def release(connection: AsyncConnection, name: str, owner: str) -> None:
    """Let the next one have the duty at once."""
    statement = update(duty).where(duty.c.name == name, duty.c.owner == owner)
    await connection.execute(statement.values(until=0.0))


async def position(connection: AsyncConnection, name: str) -> int:
    """How far whoever had the duty has got with what it follows; 0: nobody has begun."""
    return await connection.scalar(select(duty.c.position).where(duty.c.name == name)) or 0


async def advance(
    connection: AsyncConnection, name: str, owner: str, epoch: int, reached: int
) -> bool:
    """Note how far the owner has got; False, and nothing is noted, if the duty is not its own."""
    statement = (
        update(duty)
        .where(duty.c.name == name, duty.c.owner == owner, duty.c.epoch == epoch)
        .values(position=reached)
    )
    return (await connection.execute(statement)).rowcount == 1
