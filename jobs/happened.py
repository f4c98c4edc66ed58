from collections.abc import Mapping
from typing import Any

from jobs.states import BATCH, State
from notify.events import EventName
from notify.happening import Happening
from store.jobs import JobHead

REVIEW: EventName = "job.needs_review"
_TITLE_CHARS = 200
_PUBLISHES = ("publish", "mass_send")
_BY_STATE: dict[State, EventName] = {
    State.SUCCEEDED: "job.succeeded",
    State.PARTLY_FAILED: "job.partly_failed",
    State.FAILED: "job.failed",
    State.CANCELLED: "job.cancelled",
    State.NEEDS_REVIEW: REVIEW,
}
_BY_MODE: dict[str, EventName] = {
    "published": "publish.succeeded",
    "mass_sent": "publish.succeeded",
    "draft_ready": "draft.ready",
}
_OF_RESULT = {"media_id": "media_id", "article_id": "article_id", "url": "article_url"}


def ended(
    row: JobHead,
    state: State,
    result: Mapping[str, Any] | None,
    error: Mapping[str, Any] | None,
) -> Happening:
    """The one thing that the end of a job is to people: what became of an article, or of a job."""
    made = result or {}
    found = made.get("left_box", made)  # a draft that was published by hand
    data = {**_about(row, state), **_made(row, found), **_failed(error)}
    event = _event(row, state, made)
    return Happening(event=event, account=row.account, key=row.id, data=data)


def approval_wanted(row: JobHead) -> Happening:
    """Somebody else than who handed it in has to agree."""
    data = _about(row, row.state)
    return Happening(event="job.approval_wanted", account=row.account, key=row.id, data=data)


def reviewed(row: JobHead) -> Happening:
    """What had become of it is known, or it is looked into again."""
    data = _about(row, row.state)
    return Happening(event=REVIEW, account=row.account, key=row.id, data=data, over=True)


def _event(row: JobHead, state: State, made: Mapping[str, Any]) -> EventName:
    if state == State.SUCCEEDED and "left_box" in made:
        return "publish.succeeded"
    if state == State.SUCCEEDED and made.get("mode") in _BY_MODE:
        return _BY_MODE[made["mode"]]
    if state == State.FAILED and row.action in _PUBLISHES and row.kind != BATCH:
        return "publish.failed"
    return _BY_STATE[state]


def _about(row: JobHead, state: str) -> dict[str, Any]:
    return {
        "account": row.account,
        "title": row.title and row.title[:_TITLE_CHARS],
        "job_id": row.id,
        "kind": row.kind,
        "action": row.action,
        "state": str(state),
        "client": row.client_id,
    }


def _made(row: JobHead, found: Mapping[str, Any]) -> dict[str, Any]:
    if row.kind == BATCH:
        return {"items": dict(found)}  # how many are in which state
    made = {shown: found[name] for name, shown in _OF_RESULT.items() if found.get(name)}
    if "article_url" not in made and found.get("urls"):
        made["article_url"] = found["urls"][0]
    return made


def _failed(error: Mapping[str, Any] | None) -> dict[str, Any]:
    """In both languages: who will read it is not known."""
    if not error:
        return {}
    upstream = error.get("upstream") or {}
    failed = {"code": error.get("code"), "error": error.get("message"), "hint": error.get("hint")}
    return failed | {name: upstream[name] for name in ("errcode", "errmsg") if name in upstream}
