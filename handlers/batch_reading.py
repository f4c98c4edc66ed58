"""The items of a batch checked, all of them before any is taken in, and made jobs to be."""

import asyncio
import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from content.blame import blame_within
from content.fields import DraftFields
from content.inline import without_inline
from content.references import Shelf
from handlers.batch_items import (
    ArticleItem,
    ImageItem,
    Kind,
    MediaItem,
    PublishItem,
    WireDraft,
    WireItem,
    model_of,
)
from handlers.bodies import FieldInvalid, parse_model
from jobs import draft_box, materials
from jobs.draft_publication import DraftPublication
from jobs.errand import Errand
from jobs.intake import Handed
from jobs.publish_at import check_publish_at, read_publish_at
from jobs.submission import Submission

_FAULTS_SHOWN = 20
_SLICE = 10  # items between which others get their turn
_URL_SHOWN = 200  # characters
_PICTURE = "picture"  # what a picture that was sent before is called
# What no two items may name: two jobs would be at the same draft.
_ONCE = {
    "articles": "update",
    "drafts.publish": "media_id",
    "drafts.delete": "media_id",
    "materials.delete": "media_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose batch it is, and what came along."""

    client_id: str
    account: str  # our name of the account
    needs_approval: Collection[str]  # the actions that somebody else has to approve
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class ChecksTemplates(Protocol):
    """Knows the templates there are; `content.filling` does it."""

    async def check(self, fields: DraftFields, *, at: float | None = None) -> None:
        """Refuse what cannot be filled in."""
        ...


def read_items(kind: Kind, items: Sequence[dict[str, Any]]) -> list[Any]:
    """The items as their models. Raises FieldInvalid, which names every item that is wrong."""
    read: list[Any] = []
    faults: list[tuple[str, str]] = []
    for n, item in enumerate(items):
        try:
            read.append(parse_model(_as_json(item), model_of(kind, item)))
        except FieldInvalid as exc:
            within = f".{exc.field}" if exc.field else ""
            faults.append((f"items[{n}]{within}", f"items[{n}]: {exc.values['reason']}"))
    if kind in _ONCE:
        faults += _named_twice(read, _ONCE[kind])
    if faults:
        told = [reason for _, reason in faults[:_FAULTS_SHOWN]]
        more = f" … ({len(faults)})" if len(faults) > _FAULTS_SHOWN else ""
        raise FieldInvalid(field=faults[0][0], reason="; ".join(told) + more)
    return read


def _as_json(item: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(item)
    except orjson.JSONEncodeError as exc:  # such as an integer of more than 64 bits
        raise FieldInvalid(reason=str(exc)) from None


def _named_twice(items: Sequence[Any], name: str) -> list[tuple[str, str]]:
    first: dict[str, int] = {}
    twice = []
    for n, item in enumerate(items):
        said = getattr(item, name)
        if said is not None and (earlier := first.setdefault(said, n)) != n:
            field = f"items[{n}].{name}"
            twice.append((field, f"{field}: that of items[{earlier}] again"))
    return twice


async def check_items(handed: Sequence[Handed], templates: ChecksTemplates, now: float) -> None:
    """Refuse times that are over, and what no template can be filled in with."""
    for n, item in enumerate(handed):
        if n % _SLICE == 0:
            await asyncio.sleep(0)
        with blame_within(f"items[{n}]."):
            if isinstance(item, Submission | DraftPublication) and item.publish_at is not None:
                check_publish_at(item.publish_at, now=now)
            if isinstance(item, Submission):
                await templates.check(item.fields, at=item.publish_at)


async def hand_in(kind: Kind, items: Sequence[Any], sender: Sender) -> list[Handed]:
    """What the items ask for. Raises FieldInvalid and what dates and files are refused for."""
    shelf = Shelf(sender.files)
    handed: list[Handed] = []
    for n, item in enumerate(items):
        if n % _SLICE == 0:
            await asyncio.sleep(0)
        if isinstance(item, ArticleItem):
            with blame_within(f"items[{n}]."):
                handed.append(await _article(item, sender, shelf))
        elif isinstance(item, ImageItem):
            handed.append(_image(item, sender, f"items[{n}].file"))
        elif isinstance(item, WireItem | WireDraft):
            handed.append(_draft(item, sender))
        elif isinstance(item, PublishItem):
            with blame_within(f"items[{n}]."):
                handed.append(_publication(item, sender))
        else:
            handed.append(_by_media_id(kind, item, sender))
    return handed


async def _article(item: ArticleItem, sender: Sender, shelf: Shelf) -> Submission:
    fields, made = await without_inline(item.fields(), {})
    folder = posixpath.dirname(item.name or "")
    named: dict[str, str] = {}
    for each in fields.each():
        texts = (each.markdown, each.html, each.cover, *(each.images or ()))
        for text in filter(None, texts):
            named |= shelf.named_in(text, folder=folder)
    return Submission(
        client_id=sender.client_id,
        account=sender.account,
        fields=fields,
        files={name: sender.files[path] for name, path in named.items()} | made,
        publish_at=_time(item.publish_at),
        needs_approval=item.action in sender.needs_approval,
        called=item.name,
        **item.how(),
    )


def _publication(item: PublishItem, sender: Sender) -> DraftPublication:
    return DraftPublication(
        client_id=sender.client_id,
        account=sender.account,
        media_id=item.media_id,
        if_changed=item.if_changed,
        publish_at=_time(item.publish_at),
        needs_approval="publish" in sender.needs_approval,
    )


def _time(said: str | None) -> float | None:
    return None if said is None else read_publish_at(said)


def _image(item: ImageItem, sender: Sender, field: str) -> Errand:
    files: dict[str, bytes] = {}
    kept: dict[str, str] = {}
    if item.url is not None:
        src = item.url
    elif item.sha256 is not None:
        src = _PICTURE
        kept = {src: item.sha256}
    else:
        src = item.file or ""
        if src not in sender.files:
            raise FieldInvalid(field=field, reason=f"{field}: no such file came along")
        files = {src: sender.files[src]}
    return Errand(
        kind=materials.UPLOAD,
        client_id=sender.client_id,
        account=sender.account,
        action="draft" if item.target == "article" else "material",
        asked={"src": src, "target": item.target},
        title=item.file or (None if item.url is None else item.url[:_URL_SHOWN]),
        files=files,
        kept=kept,
    )


def _draft(item: WireItem | WireDraft, sender: Sender) -> Errand:
    articles = item.articles if isinstance(item, WireDraft) else [item]
    return Errand(
        kind=draft_box.CREATE,
        client_id=sender.client_id,
        account=sender.account,
        action="draft",
        asked={"articles": [article.model_dump() for article in articles]},
        title=articles[0].title,
    )


_BY_MEDIA_ID = {
    "drafts.delete": (draft_box.DELETE, "draft"),
    "materials.delete": (materials.DELETE, "material"),
    "materials.tag": (materials.TAG, "material"),
}


def _by_media_id(kind: Kind, item: MediaItem, sender: Sender) -> Errand:
    job_kind, action = _BY_MEDIA_ID[kind]
    return Errand(
        kind=job_kind,
        client_id=sender.client_id,
        account=sender.account,
        action=action,
        asked=item.model_dump(),
        title=item.media_id,
        subject=item.media_id if job_kind == draft_box.DELETE else None,
    )
