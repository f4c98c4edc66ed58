import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wechat.freepublish import Publication, urls_of_detail
from wechat.push_body import PushUnreadable

PUBLISHED = "PUBLISHJOBFINISH"
MASS_SENT = "MASSSENDJOBFINISH"

_TYPE = re.compile(r"[A-Za-z0-9_]{1,48}")
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Field of the body that names what the event is about, by Event.
_SUBJECTS = {MASS_SENT: "MsgID", "TEMPLATESENDJOBFINISH": "MsgID"}


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message or an event that WeChat pushed."""

    type: str  # the Event of an event, else the MsgType
    key: str  # the same each time that WeChat sends it
    subject: str | None  # the publish_id or MsgID, where it is about a job at WeChat
    body: Mapping[str, Any]
    sealed: bool  # it came encrypted: nobody else can have written it


def pushed(body: Mapping[str, Any], *, sealed: bool) -> Pushed:
    """What `body` is. Raises PushUnreadable.

    Messages are told apart by MsgId, events by FromUserName, CreateTime and Event.
    Source: wechat-api.md, section 6.
    """
    kind = _text(body, "MsgType")
    name = _text(body, "Event") if kind == "event" else kind
    if not _TYPE.fullmatch(name):
        raise PushUnreadable("no MsgType, or an event without its name")
    subject = _subject(body, name)
    message_id = _text(body, "MsgId")
    told_apart = (
        ("message", message_id)
        if message_id
        else (
            *("event", _text(body, "FromUserName"), _text(body, "CreateTime")),
            *(name, _text(body, "EventKey"), subject or ""),
        )
    )
    key = hashlib.sha256("\x00".join(told_apart).encode("utf-8", "replace")).hexdigest()
    return Pushed(name, key, subject, body, sealed)


def publication_of(body: Mapping[str, Any]) -> Publication | None:
    """What a PUBLISHJOBFINISH says became of a publication; None if it does not say.

    Source: doc page of the event, wechat-api.md, section 4.3.
    """
    info = _info(body)
    status = _number(info.get("publish_status"))
    if status is None:
        return None
    detail = info.get("article_detail")
    items = detail.get("item") if isinstance(detail, Mapping) else None
    listed = [
        {**item, "idx": _number(item.get("idx"))}
        for item in (items if isinstance(items, list) else [items])
        if isinstance(item, Mapping)
    ]
    return Publication(status, _text(info, "article_id"), urls_of_detail({"item": listed}))


def _subject(body: Mapping[str, Any], name: str) -> str | None:
    table, field = (
        (_info(body), "publish_id") if name == PUBLISHED else (body, _SUBJECTS.get(name, ""))
    )
    found = _text(table, field)
    return found if _SUBJECT.fullmatch(found) else None


def _info(body: Mapping[str, Any]) -> Mapping[str, Any]:
    info = body.get("PublishEventInfo")
    return info if isinstance(info, Mapping) else {}


def _text(table: Mapping[str, Any], field: str) -> str:
    """A field as text, whichever way it came; "" where it is none."""
    value = table.get(field)
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if plain else ""


def _number(value: object) -> int | None:
    text = str(value) if isinstance(value, str | int) else ""
    return int(text) if re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII) else None
