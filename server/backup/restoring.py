import asyncio
import base64
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import text

from core.errors import GatewayError, Text
from jobs.pulse import FILE as PULSE_FILE
from server.backup.container import BackupUnreadable, reading
from server.backup.making import FORMAT
from store import revisions
from store.dump import Loader
from store.engine import Database
from store.migrate import MIGRATIONS, migrate

_ROWS_AT_ONCE = 100
PLACES = {"config.toml": "config.restored.toml"}  # of a file in the data_dir


class StoreNotEmpty(GatewayError):
    """A backup goes into an empty store only."""

    code = "store_not_empty"
    category = "system"
    message = Text("数据库里已有数据：{tables}", "the store holds something already: {tables}")
    hint = Text(
        "先停掉网关，把旧的数据库改名移走（SQLite 是 data_dir/wxgate.db*），或指向一个空库",
        "stop the gateway and move the old store away (SQLite: data_dir/wxgate.db*), or name an "
        "empty one",
    )


@dataclass(slots=True)
class Found:
    """What a backup holds."""

    schema: str
    created_at: str
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    rows: dict[str, int] = field(default_factory=dict)


def examine(path: Path, passphrase: str = "") -> Found:
    """Read a whole backup, to its end; changes nothing. Raises BackupUnreadable."""
    with reading(path, passphrase) as file:
        lines = _Lines(path, file)
        for _table, _rows in lines.rows():
            pass
        return lines.found


async def restore(database: Database, path: Path, passphrase: str = "") -> Found:
    """Fill an empty store with a backup, all or nothing, and bring it to this schema.

    Raises BackupUnreadable, StoreNotEmpty, StorageUnavailable.
    """
    with reading(path, passphrase) as file:
        lines = _Lines(path, file)
        # The schema is that of the backup first: its rows are migrated like any others.
        await migrate(database, to=lines.found.schema)
        await _require(database, lines.found.schema)
        async with database.write() as connection:
            loader = Loader(connection)
            if tables := await loader.occupied():
                raise StoreNotEmpty(tables=", ".join(tables[:5]))
            for table, rows in lines.rows():
                await loader.put(table, rows)
                await asyncio.sleep(0)
    await migrate(database)
    return lines.found


async def _require(database: Database, schema: str) -> None:
    async with database.read() as connection:
        found = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found != schema:  # it was there, and newer
        raise StoreNotEmpty(tables="alembic_version")


async def forget_the_time_since(database: Database, data_dir: Path, now: float) -> None:
    """Let the next start know that what was done until now is not in the store (jobs/pulse.py)."""
    async with database.read() as connection:
        beat = (await revisions.read(connection)).get(revisions.PULSE, 0)
    mark = data_dir / PULSE_FILE
    mark.write_text(json.dumps({"beat": beat + 1, "at": now}), "ascii")


def put_back(files: Mapping[str, bytes], data_dir: Path) -> None:
    """Write them into data_dir, for their owner alone.

    Raises FileExistsError where another stands in the way; one that is the same is left.
    """
    for name, data in files.items():
        path = data_dir / PLACES.get(name, name)
        if path.is_file() and path.read_bytes() == data:
            continue
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)


class _Lines:
    """The lines of a backup, each seen once."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        head = self._next()
        if head.get("wxgate_backup") != FORMAT or not _is_known(head.get("schema")):
            raise self._unreadable("版本比本程序新，或不是备份", "newer than this program, or none")
        self.found = Found(str(head["schema"]), str(head.get("created_at", "")))

    def rows(self) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """Rows of one table at a time; at the end it is known that all were there."""
        counts: Counter[str] = Counter()
        waiting: list[Mapping[str, Any]] = []
        before = ""
        for table, row in self._entries():
            if waiting and (not counts[table] or len(waiting) >= _ROWS_AT_ONCE):
                yield before, waiting
                waiting = []
            before = table
            waiting.append(row)
            counts[table] += 1
        if waiting:
            yield before, waiting
        if counts != self.found.rows:
            raise self._unreadable("行数不对", "rows are missing")

    def _entries(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        while True:
            line = self._next()
            try:
                if "end" in line:
                    self.found.rows = dict(line["end"])
                    return
                if "file" in line:
                    data = base64.b64decode(line["data"], validate=True)
                    self.found.files[_plain(line["file"])] = data
                    continue
                entry = str(line["table"]), dict(line["row"])
            except (ValueError, KeyError, TypeError):
                raise self._unreadable("有一行读不懂", "a line makes no sense") from None
            yield entry

    def _next(self) -> dict[str, Any]:
        try:
            value = json.loads(self._file.readline())
        except ValueError:
            raise self._unreadable("不完整", "it is not whole") from None
        if not isinstance(value, dict):
            raise self._unreadable("不是备份", "it is no backup")
        return value

    def _unreadable(self, zh: str, en: str) -> BackupUnreadable:
        return BackupUnreadable(path=self._path, zh=zh, en=en)


def _plain(name: str) -> str:
    """The name, with at most one folder before it: it is written under data_dir."""
    parts = name.split("/")
    if len(parts) > 2 or any(part in ("", ".", "..") for part in parts):
        raise ValueError(name)
    return name


def _is_known(schema: object) -> bool:
    return isinstance(schema, str) and schema in set(_revisions())


def _revisions() -> Iterable[str]:
    return (path.name.split("_", 1)[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
