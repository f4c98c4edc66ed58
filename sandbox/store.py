import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    shelf TEXT NOT NULL, account TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (shelf, account, id));
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,
    data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blob (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);
"""


def open_database(data_dir: Path | None) -> sqlite3.Connection:
    """The sandbox's database: `sandbox.db` in `data_dir`, or one in memory."""
    if data_dir is None:
        path = ":memory:"
    else:
        data_dir.mkdir(parents=True, exist_ok=True)
        path = str(data_dir / "sandbox.db")
    database = sqlite3.connect(path, isolation_level=None)
    # A killed sandbox loses nothing; a power cut may, which a toy can afford.
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")
    database.executescript(_SCHEMA)
    return database


T = TypeVar("T", bound=BaseModel)


class Shelf(Generic[T]):
    """Records of one kind by account and id: read from memory, written through to the database."""

    def __init__(self, database: sqlite3.Connection, name: str, model: type[T]) -> None:
        self._database = database
        self._name = name
        self._records: dict[str, dict[str, T]] = {}
        rows = database.execute(
            "SELECT account, id, data FROM record WHERE shelf = ? ORDER BY rowid", (name,)
        )
        for account, id_, data in rows:
            self._records.setdefault(account, {})[id_] = model.model_validate_json(data)

    def get(self, account: str, id_: str) -> T | None:
        """The record, if this account has it."""
        return self._records.get(account, {}).get(id_)

    def put(self, account: str, id_: str, record: T) -> None:
        """Make or replace a record; a replaced one keeps its place."""
        self._records.setdefault(account, {})[id_] = record
        self._database.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
            (self._name, account, id_, record.model_dump_json()),
        )

    def remove(self, account: str, id_: str) -> None:
        """Forget a record that is there."""
        del self._records[account][id_]
        self._database.execute(
            "DELETE FROM record WHERE shelf = ? AND account = ? AND id = ?",
            (self._name, account, id_),
        )

    def of(self, account: str) -> list[tuple[str, T]]:
        """The account's records with their ids, oldest first."""
        return list(self._records.get(account, {}).items())

    def __iter__(self) -> Iterator[tuple[str, str, T]]:
        """Every (account, id, record), oldest first within an account."""
        for account, records in list(self._records.items()):
            for id_, record in list(records.items()):
                yield account, id_, record

    def clear(self) -> None:
        """Forget all of this kind."""
        self._records.clear()
        self._database.execute("DELETE FROM record WHERE shelf = ?", (self._name,))


class Blobs:
    """The bytes of uploaded files, by id."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def put(self, id_: str, data: bytes) -> None:
        """Keep `data`."""
        self._database.execute("INSERT INTO blob VALUES (?, ?)", (id_, data))

    def get(self, id_: str) -> bytes | None:
        """The bytes, if they are there."""
        row = self._database.execute("SELECT bytes FROM blob WHERE id = ?", (id_,)).fetchone()
        return None if row is None else bytes(row[0])

    def clear(self) -> None:
        """Forget all."""
        self._database.execute("DELETE FROM blob")
