"""Texts to be searched: kept in lower case, looked through for words as they are written."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_WORDS = 8


def searchable(texts: Iterable[str], *, chars: int) -> str:
    """`texts` as a column keeps them: bounded, since it stands in an index (PostgreSQL: 2.7 kB)."""
    joined = "\n".join(text for text in texts if text)
    return joined.replace("\x00", "").lower()[:chars]


def words_of(said: str) -> tuple[str, ...]:
    """What to look for: all of these, anywhere. Chinese is not split."""
    return tuple(said.replace("\x00", "").lower().split()[:MAX_WORDS])


def holds(
    connection: AsyncConnection, column: ColumnElement[str], words: Iterable[str]
) -> list[ColumnElement[bool]]:
    """That the column has each word. No LIKE: slower, and every % would need an escape."""
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return [find(column, word) > 0 for word in words]
