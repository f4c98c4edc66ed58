import json
import sqlite3
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from core.clock import Clock

_CALLS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the sandbox committed: the judge of "exactly once"."""

    seq: int
    at: float  # Unix time by the sandbox's clock
    kind: str  # token, image, media, material, draft, draft_update, publication, article, …
    account: str  # AppID
    data: dict[str, Any]  # ids, title, sha256 …


class Ledger:
    """Append-only list of all that was committed.

    Kinds: token · image (uploadimg) · media · material · material_delete · draft · draft_update ·
    draft_delete · publication (a submit was taken) · article (a publication went live) ·
    article_delete · mass · mass_preview · mass_delete · menu · menu_delete · quota_clear.
    """

    def __init__(self, database: sqlite3.Connection, now: Clock) -> None:
        self._database = database
        self._now = now
        rows = database.execute("SELECT seq, at, kind, account, data FROM ledger ORDER BY seq")
        self._entries = [
            Entry(seq, at, kind, account, json.loads(data)) for seq, at, kind, account, data in rows
        ]

    def commit(self, kind: str, account: str, **data: Any) -> None:
        """Append one entry."""
        entry = Entry(len(self._entries) + 1, self._now(), kind, account, data)
        self._entries.append(entry)
        self._database.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?)",
            (entry.seq, entry.at, kind, account, json.dumps(data, ensure_ascii=False)),
        )

    def entries(self, kind: str = "", account: str = "") -> list[Entry]:
        """The entries, oldest first; of one kind and account where named."""
        return [
            entry
            for entry in self._entries
            if kind in ("", entry.kind) and account in ("", entry.account)
        ]

    def clear(self) -> None:
        """Start a new ledger."""
        self._entries.clear()
        self._database.execute("DELETE FROM ledger")


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One API call as it arrived."""

    at: float
    method: str
    path: str
    query: str  # raw, access_token included: shows which token really came
    account: str  # AppID the token belongs to; empty when it was refused before that
    status: int
    errcode: int
    rid: str  # empty for a success
    content_type: str
    length: int  # bytes of the request's body
    client_ip: str
    fault: str = ""  # the planned fault that spoils the answer


class Calls:
    """Counts every API call since the start; keeps the last 10 000 whole."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()  # by path and AppID
        self.seen: deque[SeenCall] = deque(maxlen=_CALLS_KEPT)

    def record(self, call: SeenCall) -> None:
        """Count and keep one call."""
        self.counts[call.path, call.account] += 1
        self.seen.append(call)

    def count(self, path: str = "", account: str = "") -> int:
        """Calls so far, of one path and account where named."""
        return sum(
            count
            for (its_path, its_account), count in self.counts.items()
            if path in ("", its_path) and account in ("", its_account)
        )

    def by_account(self, path: str = "") -> dict[str, dict[str, int]]:
        """Counts as {path: {AppID: calls}}, of one path where named."""
        table: dict[str, dict[str, int]] = {}
        for (its_path, account), count in sorted(self.counts.items()):
            if path in ("", its_path):
                table.setdefault(its_path, {})[account] = count
        return table

    def of(self, path: str) -> list[dict[str, Any]]:
        """The calls kept of one path, oldest first, as plain data."""
        return [asdict(call) for call in self.seen if path == call.path]

    def clear(self) -> None:
        """Start counting anew."""
        self.counts.clear()
        self.seen.clear()
