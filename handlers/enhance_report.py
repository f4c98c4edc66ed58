"""What is told of a relayed draft or upload that was looked after: in headers, and in the log."""

import re
from collections import Counter

from accounts.audit import AuditEntry, Detail
from content.relayed.notes import Cared, Note
from handlers.wechat_form import Headers
from proxy.auth import Caller
from proxy.request import Inbound

HEADER = b"x-wxgate-enhance"
_LINT = b"x-wxgate-lint"
_MAX_RULES = 20
_MAX_PLACES = 20
_PLACE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}")


def headers_of(cared: Cared, *, lint: bool) -> Headers:
    """Structured fields (RFC 9651): a dictionary of counts, and a count with parameters."""
    done = f"images={cared.placed}, failed={cared.failed}, unwrapped={cared.unwrapped}"
    headers: Headers = [(HEADER, done.encode("ascii"))]
    if cared.notes or lint:
        headers.append((_LINT, _findings(cared).encode("ascii")))
    return headers


def _findings(cared: Cared) -> str:
    """How many, of which rules and where; never longer than 4 KB."""
    notes = _worst_first(cared)
    errors = sum(note.level == "error" for note in notes)
    said = f"{len(notes)};errors={errors};warnings={len(notes) - errors}"
    if not notes:
        return said
    rules = list(Counter(note.rule for note in notes).items())[:_MAX_RULES]
    listed = " ".join(f"{rule}:{count}" for rule, count in rules)
    places = " ".join(f"{note.rule}@{_place(note)}" for note in notes[:_MAX_PLACES])
    return f'{said};rules="{listed}";at="{places}"'


def _place(note: Note) -> str:
    found = _PLACE.fullmatch(note.field or "")
    return "-" if found is None else found.group()


def _worst_first(cared: Cared) -> list[Note]:
    return sorted(cared.notes, key=lambda note: note.level)


def entry_of(
    cared: Cared, request: Inbound, request_id: str, caller: Caller, path: str
) -> AuditEntry:
    """What the operator may read of it."""
    detail: Detail = {
        "images": cared.placed,
        "failed": cared.failed,
        "unwrapped": cared.unwrapped,
        "found": len(cared.notes),
        "findings": [_told(note) for note in _worst_first(cared)],  # the log keeps 50
    }
    return AuditEntry(
        actor=f"client:{caller.client.id}",
        action="relay.enhance",
        subject=path,
        account=caller.account.name,
        detail=detail,
        request_id=request_id,
        ip=request.peer,
    )


def _told(note: Note) -> str:
    told = f"{note.level} {note.rule} {note.field or '-'}: {note.message.zh} / {note.message.en}"
    return told if note.fix is None else f"{told} → {note.fix.zh} / {note.fix.en}"
