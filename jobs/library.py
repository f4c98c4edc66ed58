from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from accounts.audit import AuditLog
from accounts.edits import Editor
from core.clock import Clock
from core.errors import GatewayError, Text
from jobs.admission import DraftBusy
from jobs.library_sync import Freshness, LibrarySync
from jobs.shelves import Shelf, articles_holding, shelves_of
from store import jobs as job_rows
from store import library, tags
from store.engine import Database
from store.library import Holding, LibraryFilter, LibraryKind, Place
from wechat.call import WeChatRefused
from wechat.draft import DraftClient
from wechat.errcodes import INVALID_ARTICLE_ID, INVALID_MEDIA_ID
from wechat.freepublish import FreepublishClient
from wechat.material import MaterialClient

_DESCRIBED = frozenset({"video", "news"})  # of other types WeChat gives the bytes
_GONE = frozenset({INVALID_MEDIA_ID, INVALID_ARTICLE_ID})


class NotInLibrary(GatewayError):
    """WeChat has no such draft, publication or material, or it was never listed."""

    status = 404
    code = "not_in_library"
    category = "params"
    message = Text("没有这一项：{thing_id}", "no such thing: {thing_id}")
    hint = Text(
        "可能已删除或已发表；用列表的 refresh=true 重新读取",
        "it may be gone; list with refresh=true",
    )


class ForgetsImages(Protocol):
    """The memory of uploaded pictures; `store.images` is it."""

    async def forget(self, account: str, value: str) -> None:
        """WeChat has that media_id no more."""
        ...


@dataclass(frozen=True, slots=True)
class Clients:
    """The ways to what WeChat holds."""

    drafts: DraftClient
    publications: FreepublishClient
    materials: MaterialClient


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the library."""

    rows: list[Holding]
    tags: Mapping[str, tuple[str, ...]]  # by id
    next_place: Place | None
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the library."""

    row: Holding
    tags: tuple[str, ...]
    live: Mapping[str, Any]  # as WeChat has it now: articles with their HTML; a video's address


class Library:
    """What WeChat holds for an account: searched, read, filed under tags, deleted."""

    def __init__(
        self,
        database: Database,
        clients: Clients,
        sync: LibrarySync,
        uploaded: ForgetsImages,
        audit: AuditLog,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._clients = clients
        self._shelves = shelves_of(clients.drafts, clients.publications, clients.materials)
        self._sync = sync
        self._uploaded = uploaded
        self._audit = audit
        self._clock = clock

    async def page(
        self, wanted: LibraryFilter, *, before: Place | None, limit: int, refresh: bool = False
    ) -> Listed:
        """A page, last changed first; the list is read from WeChat anew where it is stale.

        Raises what stands in the way of that only with `refresh`.
        """
        shelves = tuple(
            shelf
            for shelf in self._shelves
            if shelf.kind == wanted.kind and (not wanted.types or self._has(shelf, wanted.types))
        )
        if before is None:
            freshness = await self._sync.freshen(wanted.account, shelves, force=refresh)
        else:  # who turns the page goes on with the list as it is
            freshness = await self._sync.look(wanted.account, shelves)
        async with self._database.read() as connection:
            rows = await library.page(connection, wanted, before=before, limit=limit + 1)
            things = [(wanted.account, row.id) for row in rows]
            found = await tags.of_each(connection, wanted.kind, things)
        last = rows[limit - 1] if len(rows) > limit else None
        named = {thing_id: names for (_, thing_id), names in found.items()}
        place = None if last is None else (last.update_time, last.id)
        return Listed(rows[:limit], named, place, freshness)

    @staticmethod
    def _has(shelf: Shelf, types: Collection[str]) -> bool:
        return not shelf.types or bool(set(shelf.types).intersection(types))

    async def get(self, account: str, kind: LibraryKind, thing_id: str) -> Shown:
        """One, and what WeChat says of it now. Raises NotInLibrary, and as `Call` does."""
        async with self._database.read() as connection:
            row = await library.get(connection, account, kind, thing_id)
            names = await tags.of(connection, account, kind, thing_id)
        if row is None and kind == "material":
            raise NotInLibrary(thing_id=thing_id[:64])
        try:
            live = await self._live(account, kind, thing_id, row)
        except WeChatRefused as exc:
            if exc.wechat_errcode not in _GONE:
                raise
            async with self._database.write() as connection:
                await library.remove(connection, account, kind, [thing_id])
            raise NotInLibrary(thing_id=thing_id[:64]) from None
        if row is None:
            at = self._clock()
            row = articles_holding(account, kind, thing_id, live["articles"], update_time=at)
        return Shown(row, names, live)

    async def _live(
        self, account: str, kind: LibraryKind, thing_id: str, row: Holding | None
    ) -> dict[str, Any]:
        """What of it only WeChat has."""
        if kind == "draft":
            return {"articles": await self._clients.drafts.get(account, thing_id)}
        if kind == "publication":
            return {"articles": await self._clients.publications.getarticle(account, thing_id)}
        if row is None or row.type not in _DESCRIBED:
            return {}
        said = await self._clients.materials.describe(account, thing_id)
        names = {"description": "description", "down_url": "down_url", "news_item": "articles"}
        return {ours: said[theirs] for theirs, ours in names.items() if theirs in said}

    async def delete(
        self, account: str, kind: LibraryKind, thing_id: str, editor: Editor, *, index: int = 0
    ) -> None:
        """Remove one at WeChat, for good; of a publication the article at `index` from 1, or all.

        Raises DraftBusy, NotInLibrary, and as `Call` does.
        """
        if kind == "draft":
            await self._keep_off(account, thing_id)
        there = await self._delete(account, kind, thing_id, index)
        async with self._database.write() as connection:
            row = await library.get(connection, account, kind, thing_id)
            left = row and _without(row, index)
            if left is None:
                await library.remove(connection, account, kind, [thing_id])
            else:
                await library.put(connection, [left], now=self._clock())
            if there or row is not None:  # not there any more: a repeat of a lost answer
                detail = {"index": index, "title": row.title if row else None}
                entry = editor.did(f"{kind}.delete", thing_id, detail)
                await self._audit.append(connection, replace(entry, account=account))
        if kind == "material":
            await self._uploaded.forget(account, thing_id)
        if not there and row is None:
            raise NotInLibrary(thing_id=thing_id[:64])

    async def _keep_off(self, account: str, media_id: str) -> None:
        async with self._database.read() as connection:
            holder = await job_rows.holder(connection, account, media_id)
        if holder is not None:
            raise DraftBusy(media_id=media_id, job_id=holder)

    async def _delete(self, account: str, kind: LibraryKind, thing_id: str, index: int) -> bool:
        """Whether it was there."""
        match kind:
            case "draft":
                return await self._clients.drafts.delete(account, thing_id)
            case "publication":
                return await self._clients.publications.delete(account, thing_id, index=index)
            case "material":
                return await self._clients.materials.delete(account, thing_id)

    async def file_under(
        self,
        account: str,
        kind: LibraryKind,
        thing_id: str,
        *,
        add: Collection[str],
        remove: Collection[str],
    ) -> Shown:
        """File one under other tags. Raises NotInLibrary, TooManyTags."""
        async with self._database.write() as connection:
            row = await library.get(connection, account, kind, thing_id)
            if row is None:
                raise NotInLibrary(thing_id=thing_id[:64])
            await tags.remove(connection, account, kind, thing_id, remove)
            await tags.add(connection, account, kind, thing_id, add)
            return Shown(row, await tags.of(connection, account, kind, thing_id), {})


def _without(row: Holding, index: int) -> Holding | None:
    """What is left of a publication without the article at `index` from 1; None: nothing."""
    articles = [dict(each) for each in row.facts.get("articles", ())]
    if not 1 <= index <= len(articles):
        return None
    articles[index - 1]["is_deleted"] = True
    if all(each.get("is_deleted") for each in articles):
        return None
    return replace(row, facts={**row.facts, "articles": articles})
