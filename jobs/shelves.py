"""WeChat's lists, and how a thing in them is kept in the library."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from store.library import SEARCH_CHARS, Holding, LibraryKind
from store.search import searchable
from wechat import draft, freepublish, material
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient
from wechat.listing import Page
from wechat.material import MATERIAL_TYPES, MaterialClient, MaterialType

Item = Mapping[str, Any]

# What is shown of each article; its HTML is read when somebody asks for it.
_OF_AN_ARTICLE = ("title", "author", "digest", "url", "thumb_url", "article_type")
_ID_CHARS = 160
_LATEST = 4_000_000_000.0  # later times are nonsense


@dataclass(frozen=True, slots=True)
class Shelf:
    """One of WeChat's lists."""

    name: str
    kind: LibraryKind
    types: tuple[str, ...]  # of materials; empty: of the kind there is one list
    path: str  # of the call that reads it
    read: Callable[[str, int], Awaitable[Page]]  # (account, offset) → a page, newest first
    holding: Callable[[str, Item], Holding]


def shelves_of(
    drafts: DraftClient, publications: FreepublishClient, materials: MaterialClient
) -> tuple[Shelf, ...]:
    """All that WeChat has."""

    def of_type(wanted: MaterialType) -> Shelf:
        return Shelf(
            *(wanted, "material", (wanted,), material.BATCHGET),
            read=lambda account, offset: materials.page(account, wanted, offset=offset),
            holding=lambda account, item: _material(account, wanted, item),
        )

    return (
        Shelf(
            *("draft", "draft", (), draft.BATCHGET),
            read=lambda account, offset: drafts.page(account, offset=offset),
            holding=lambda account, item: _news(account, "draft", "media_id", item),
        ),
        Shelf(
            *("publication", "publication", (), freepublish.BATCHGET),
            read=lambda account, offset: publications.page(account, offset=offset),
            holding=lambda account, item: _news(account, "publication", "article_id", item),
        ),
        *map(of_type, MATERIAL_TYPES),
    )


def articles_holding(
    account: str,
    kind: LibraryKind,
    thing_id: str,
    articles: Sequence[Item],
    *,
    update_time: float,
    job_id: str | None = None,
) -> Holding:
    """A draft or publication of these articles."""
    told = [_told(article) for article in articles]
    first: Item = told[0] if told else {}
    texts = [each.get(name, "") for name in ("title", "author", "digest") for each in told]
    return Holding(
        account=account,
        kind=kind,
        id=thing_id,
        type="newspic" if first.get("article_type") == "newspic" else "news",
        title=first.get("title", ""),
        search=searchable(texts, chars=SEARCH_CHARS),
        url=first.get("url", ""),
        update_time=update_time,
        facts={"articles": told},
        job_id=job_id,
    )


def material_holding(
    account: str,
    kind: str,
    media_id: str,
    *,
    name: str,
    url: str,
    update_time: float,
) -> Holding:
    """A picture, recording or video."""
    return Holding(
        account=account,
        kind="material",
        id=media_id,
        type=kind,
        title=name,
        search=searchable([name], chars=SEARCH_CHARS),
        url=url,
        update_time=update_time,
    )


def _news(account: str, kind: LibraryKind, id_name: str, item: Item) -> Holding:
    content = item.get("content")
    listed = content.get("news_item") if isinstance(content, Mapping) else None
    articles = [each for each in listed if isinstance(each, Mapping)] if listed else []
    at = _time(item)
    return articles_holding(account, kind, _id(item, id_name), articles, update_time=at)


def _material(account: str, kind: str, item: Item) -> Holding:
    if kind == "news":
        return _news(account, "material", "media_id", item)
    name, url = (_text(item.get(each)) for each in ("name", "url"))
    media_id, at = _id(item, "media_id"), _time(item)
    return material_holding(account, kind, media_id, name=name, url=url, update_time=at)


def _told(article: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: _text(article[name]) for name in _OF_AN_ARTICLE if article.get(name)
    }
    return {**told, "is_deleted": True} if article.get("is_deleted") else told


def _text(said: Any) -> str:
    """As PostgreSQL can keep it."""
    return str(said or "").replace("\x00", "")


def _id(item: Item, name: str) -> str:
    return _text(item.get(name))[:_ID_CHARS]


def _time(item: Item) -> float:
    said = item.get("update_time")
    return min(max(float(said), 0.0), _LATEST) if isinstance(said, int | float) else 0.0
