from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection


async def serialize(connection: AsyncConnection, name: str) -> None:
    """Let nobody else pass here by that name until the transaction ends.

    For what must not be there twice and no unique index can tell. On SQLite a transaction that
    writes is alone anyway. Who passes by several names takes them in their order.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
