"""All rows of the store as JSON values, the same on SQLite and PostgreSQL, and back again."""

import base64
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Row,
    Table,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import metadata
from store.tables.base import Json

# Of processes, tokens and minutes that are gone when it is read again.
_FLEETING = frozenset({"replica", "duty", "token", "granted"})
_ROWS_AT_ONCE = 100

Rows = tuple[str, list[dict[str, Any]]]


async def dump(connection: AsyncConnection) -> AsyncIterator[Rows]:
    """Every table's rows, some at a time, parents before children, all of one moment.

    The first thing that is done in its transaction.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    for table in metadata.sorted_tables:
        if table.name in _FLEETING:
            continue
        result = await connection.stream(select(table))
        async for rows in result.partitions(_ROWS_AT_ONCE):
            yield table.name, [_written(row) for row in rows]


def _written(row: Row[Any]) -> dict[str, Any]:
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in row._mapping.items()  # noqa: SLF001 - the documented way to a row's names
    }


class Loader:
    """Puts dumped rows into a store that has the schema they are of, and nothing else."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._tables: dict[str, Table] = {}
        self.counts: Counter[str] = Counter()

    async def occupied(self) -> list[str]:
        """The tables that hold something already."""
        await self._reflect()
        found = []
        for name, table in sorted(self._tables.items()):
            if (
                name not in _FLEETING
                and (await self._connection.execute(select(table).limit(1))).first()
            ):
                found.append(name)
        return found

    async def put(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows of a table. Raises KeyError for a table that the schema does not have."""
        await self._reflect()
        columns = self._tables[name].columns
        values = [
            {column: _read(columns[column], value) for column, value in row.items()} for row in rows
        ]
        if values:
            await self._connection.execute(insert(self._tables[name]), values)
            self.counts[name] += len(values)

    async def _reflect(self) -> None:
        # Not `metadata`: a backup may be of an older schema, which is migrated afterwards.
        if not self._tables:
            self._tables = await self._connection.run_sync(_tables_there)


def _tables_there(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type = Json  # NULL is NULL, not the JSON text null
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def _read(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, LargeBinary) and value is not None:
        return base64.b64decode(value)
    return value
