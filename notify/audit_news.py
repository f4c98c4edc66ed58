import json
from collections.abc import Mapping
from typing import Any

from notify.events import EventName
from notify.happening import Happening
from store.audit import AuditRow

RELOAD = "config.reload"
_MADE: tuple[str, ...] = ("client.create", "client.key_made")
_REVOKED: tuple[str, ...] = ("client.remove", "client.key_revoked")
_CHANGES = ("account.", "client.", "channel.")
# What a reload says of clients whose keys came into the file, and went out of it.
_KEYS_OF_FILE: tuple[tuple[str, EventName], ...] = (
    ("keys_made", "key.created"),
    ("keys_revoked", "key.revoked"),
)


def news_of(row: AuditRow) -> list[Happening]:
    """What an entry of the audit log is to people; most are nothing."""
    entry = _read(row)
    about = {"actor": row.actor, "action": row.action}
    if row.action == RELOAD:
        return _of_file(row, entry, about)
    event = _event(row.action)
    if event is None:
        return []
    data = {**about, _kind(row.action): row.subject, **_said(entry, event)}
    key = _key(row, row.subject)
    return [Happening(event=event, account=row.account, key=key, data=data)]


def _key(row: AuditRow, subject: str) -> str:
    """Of each entry another: two changes of one thing are two things to tell of."""
    return f"{subject} #{row.seq}"


def _event(action: str) -> EventName | None:
    if action in _MADE:
        return "key.created"
    if action in _REVOKED:
        return "key.revoked"
    return "config.changed" if action.startswith(_CHANGES) else None


def _kind(action: str) -> str:
    """As what the entry's subject stands in the data: account, client or channel."""
    return action.partition(".")[0]


def _said(entry: Mapping[str, Any], event: EventName) -> dict[str, Any]:
    """Which keys were made or ended, or the names of what was changed: never a value."""
    detail = entry.get("detail", {})
    if event == "config.changed":
        return {"keys": sorted(detail)}
    return {name: detail[name] for name in ("new", "ended") if detail.get(name)}


def _of_file(row: AuditRow, entry: Mapping[str, Any], about: dict[str, str]) -> list[Happening]:
    detail = entry.get("detail", {})
    keys = detail.get("keys", [])
    told = [Happening(event="config.changed", key=_key(row, "file"), data={**about, "keys": keys})]
    for name, event in _KEYS_OF_FILE:
        told += [
            Happening(event=event, key=_key(row, client), data={**about, "client": client})
            for client in detail.get(name, [])
        ]
    return told


def _read(row: AuditRow) -> dict[str, Any]:
    """The entry; of one that somebody has spoilt nothing."""
    try:
        entry = json.loads(row.entry)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
