import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import Clock
from core.errors import Text
from core.secret import redact, redact_event
from store import audit as rows
from store.audit import AuditFilter, AuditRow
from store.engine import Database

_BEFORE_THE_FIRST = "0" * 64
_MAX_TEXT = 500
_MAX_ITEMS = 50
# What of an entry also stands in columns of its own, to be searched; and how long it may be.
_COLUMNS = {"actor": 80, "action": 64, "subject": 200, "account": 32}

Detail = Mapping[str, str | int | float | Sequence[str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what. `detail` says how; credentials in it are masked."""

    actor: str  # client:<id>, cli:<user> or system
    action: str  # <kind>.<verb>, such as client.create, publish.submit, cache.clear
    subject: str  # what it was done to: an id, a name, a path
    account: str | None = None  # our name of the account, where there is one
    detail: Detail = field(default_factory=dict)
    request_id: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how many rows hold together, and the first that does not."""

    rows: int
    head: str  # the hash of the last row that holds
    broken_seq: int | None = None
    reason: Text | None = None


class AuditLog:
    """The append-only log of changes and publications (table `audit`).

    Each row's hash is an HMAC over the hash before it and its own entry, under a key made of the
    master key: without that nobody can change, remove, swap or insert a row unnoticed. Only a
    removed tail leaves no trace in what remains; whoever keeps a `head` elsewhere sees that too.
    """

    def __init__(self, database: Database, master_key: bytes, *, clock: Clock) -> None:
        self._database = database
        self._key = _derived(master_key)
        self._clock = clock

    async def append(self, connection: AsyncConnection, entry: AuditEntry) -> None:
        """Add `entry` as a part of the caller's transaction, best as its last statement.

        From here to the commit every other writer of the log waits, in all processes.
        """
        before = await rows.last(connection)
        written = _written(entry, before.seq + 1 if before else 1, self._clock())
        text = json.dumps(written, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        columns = {name: written[name] for name in ("seq", "at", *_COLUMNS)}
        linked = _linked(self._key, before.hash if before else _BEFORE_THE_FIRST, text)
        await rows.insert(connection, AuditRow(**columns, entry=text, hash=linked))

    async def note(self, entry: AuditEntry) -> None:
        """Add `entry` in a transaction of its own. Raises StorageUnavailable."""
        async with self._database.write() as connection:
            await self.append(connection, entry)

    async def page(
        self, wanted: AuditFilter, *, before: int | None = None, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Entries, newest first, and the cursor (`before`) of the next page, if there is one."""
        async with self._database.read() as connection:
            found = await rows.page(connection, wanted, before=before, limit=limit + 1)
        entries = [_read(row) for row in found[:limit]]
        return entries, found[limit - 1].seq if len(found) > limit else None

    async def verify(
        self, *, head: str | None = None, earlier_master_keys: Iterable[bytes] = ()
    ) -> Verdict:
        """Look at every row. `head`: a hash that must be among them, as it once was the last.

        Rows made before the master key was exchanged need the `earlier_master_keys`, oldest first.
        """
        chain = _Chain([*map(_derived, earlier_master_keys), self._key])
        head_seen = head in (None, _BEFORE_THE_FIRST)
        async with (
            self._database.read() as connection,
            aclosing(rows.in_order(connection)) as found,
        ):
            async for row in found:
                if (reason := chain.objection(row)) is not None:
                    return Verdict(chain.rows, chain.head, row.seq, reason)
                head_seen = head_seen or row.hash == head
        if not head_seen:
            return Verdict(chain.rows, chain.head, chain.rows + 1, _TAIL_GONE)
        return Verdict(chain.rows, chain.head)


_TAIL_GONE = Text(
    "日志里没有这个 head：末尾的记录被删除过",
    "the log does not hold that head: rows at its end were removed",
)
_GAP = Text("序号不连续：有记录被删除或插入", "a gap in the numbers: rows were removed or added")
_WRONG_HASH = Text(
    "与前一行对不上：此行或前一行被改动、交换或删除"
    "（若更换过主密钥，请用 --old-key-file 给出旧密钥）",
    "does not follow from the row before: one of the two was changed, swapped or removed "
    "(if the master key was exchanged, name the old one with --old-key-file)",
)
_WRONG_COLUMNS = Text("各列与记录正文不一致", "its columns are not what its entry says")


class _Chain:
    """Follows the rows, oldest first, through the keys they were made with."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys
        self.head = _BEFORE_THE_FIRST
        self.rows = 0

    def objection(self, row: AuditRow) -> Text | None:
        """What is wrong with the next row, None if it holds."""
        if row.seq != self.rows + 1:
            return _GAP
        said = str(row.hash).encode("utf-8", "replace")  # whatever stands there now
        fits = (
            hmac.compare_digest(_linked(key, self.head, row.entry).encode(), said)
            for key in self._keys
        )
        found = next((index for index, fit in enumerate(fits) if fit), None)
        if found is None:
            return _WRONG_HASH
        self._keys = self._keys[found:]  # a key that was given up makes no more rows
        entry = json.loads(row.entry)
        if any(getattr(row, name) != entry[name] for name in ("seq", "at", *_COLUMNS)):
            return _WRONG_COLUMNS
        self.head, self.rows = row.hash, row.seq
        return None


def _read(row: AuditRow) -> dict[str, Any]:
    """The entry of a row; of one that somebody has spoilt, what its columns say."""
    try:
        entry = json.loads(row.entry)
    except ValueError:
        entry = None
    if isinstance(entry, dict) and entry.keys() >= {"seq", "at", "detail", *_COLUMNS}:
        return entry
    columns = {name: getattr(row, name) for name in ("seq", "at", *_COLUMNS)}
    return {**columns, "detail": {"broken": "see wxgate audit verify"}}


def _derived(master_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"wxgate audit log").derive(master_key)


def _linked(key: bytes, before: str, entry: str) -> str:
    return hmac.new(key, f"{before}\n{entry}".encode(), hashlib.sha256).hexdigest()


def _written(entry: AuditEntry, seq: int, at: float) -> dict[str, Any]:
    """The entry as it is kept: bounded, without credentials, fit for any database."""
    written: dict[str, Any] = {"seq": seq, "at": at}
    for name, length in _COLUMNS.items():
        value = getattr(entry, name)
        written[name] = None if value is None else _plain(value, length)
    detail = {name: _bounded(value) for name, value in list(entry.detail.items())[:_MAX_ITEMS]}
    written["detail"] = redact_event(None, "", detail)
    for name in ("request_id", "ip"):
        if (value := getattr(entry, name)) is not None:
            written[name] = _plain(value, _MAX_TEXT)
    return written


def _bounded(value: str | float | Sequence[str] | None) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return _plain(value, _MAX_TEXT)
    return [_plain(item, _MAX_TEXT) for item in value[:_MAX_ITEMS]]


def _plain(text: str, length: int) -> str:
    """`text` redacted and cut, without what PostgreSQL or UTF-8 cannot hold."""
    clean = redact(text[: 2 * length]).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return clean.encode("utf-8", "replace").decode()[:length]
