import re
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from core.clock import rfc3339
from handlers.articles import account_of
from handlers.bodies import FieldInvalid, read_model
from handlers.edits import editor_of
from handlers.errors import language_of_caller, request_id_of
from handlers.guard import require_scope
from handlers.queries import NO_NUL, path_id, read_query, unix
from jobs.library import Library, Listed, NotInLibrary, Shown
from store.library import Holding, LibraryFilter, LibraryKind, Place
from store.search import words_of
from store.tags import TAG_CHARS, TAGS_A_THING, TagName

_ID = "[A-Za-z0-9_-]{1,160}"
_MAX_BYTES = 10_000
# A place in a list: update_time and id of the last one of the page before.
_CURSOR = re.compile(rf"([0-9]{{1,12}}(?:\.[0-9]{{1,6}})?)\.({_ID})")
_WRITES = {"draft": Scope.DRAFT, "publication": Scope.PUBLISH, "material": Scope.MATERIAL}

Kept = Annotated[str, Field(pattern=f"^{_ID}$")]
Type = Literal["news", "newspic", "image", "voice", "video"]


class LibraryArticle(BaseModel):
    """An article of a draft or publication; lists leave its HTML out."""

    model_config = ConfigDict(extra="allow")

    title: str = ""
    author: str = ""
    digest: str = ""
    content: str | None = Field(None, description="as WeChat keeps it; only of one, not in lists")
    url: str = Field("", description="of a draft a temporary preview")
    thumb_url: str = ""
    is_deleted: bool = False


class LibraryItem(BaseModel):
    """A draft, publication or material."""

    id: str = Field(description="media_id; of a publication article_id")
    type: Type
    title: str = Field(description="of the first article; of a material its file name")
    url: str
    updated_at: str = Field(description="by WeChat's clock")
    job: str | None = Field(None, description="the job that made it")
    tags: list[str] = []
    articles: list[LibraryArticle] | None = None
    description: str | None = Field(None, description="of a video")
    down_url: str | None = Field(None, description="of a video: a temporary address")


class LibraryList(BaseModel):
    """A page, last changed first."""

    items: list[LibraryItem]
    next_cursor: str | None
    synced_at: str | None = Field(description="as of when; null: not read to its end yet")
    refreshing: bool = Field(description="it is being read from WeChat right now")
    error: dict[str, Any] | None = Field(None, description="why it could not be read anew")


class LibraryTags(BaseModel):
    """PATCH of a draft, publication or material."""

    model_config = ConfigDict(extra="forbid")

    add: list[TagName] = Field([], max_length=TAGS_A_THING)
    remove: list[TagName] = Field([], max_length=TAGS_A_THING)


class LibraryQuery(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    type: tuple[Type, ...] = Field((), description="of materials: these kinds alone")
    q: str | None = Field(
        None, max_length=200, pattern=NO_NUL, description="part of a title or name"
    )
    tag: str | None = Field(
        None, max_length=TAG_CHARS, pattern=NO_NUL, description="what was filed under it"
    )
    ids: tuple[Kept, ...] | None = Field(None, max_length=100, description="these alone")
    updated_after: AwareDatetime | None = Field(None, description="RFC 3339, from then on")
    updated_before: AwareDatetime | None = Field(None, description="RFC 3339, before then")
    refresh: bool = Field(False, description="ask WeChat first, instead of what is known here")
    limit: int = Field(20, ge=1, le=100, description="how many at most")
    cursor: str | None = Field(
        None, max_length=200, pattern=NO_NUL, description="next_cursor of the page before"
    )


class IndexQuery(BaseModel):
    """The query of a deletion."""

    model_config = ConfigDict(extra="forbid")

    index: int = Field(0, ge=0, le=8)


class LibraryHandler:
    """One kind of what WeChat holds for an account."""

    def __init__(self, library: Library, accounts: Accounts, kind: LibraryKind) -> None:
        self._library = library
        self._accounts = accounts
        self._kind = kind
        self.readers = (_WRITES[kind], Scope.RELAY_READ, Scope.ADMIN)

    async def list(self, request: Request) -> Response:
        """A page of them."""
        account = account_of(request, require_scope(request, *self.readers), self._accounts)
        return JSONResponse(await self.page(request, account, read_query(request, LibraryQuery)))

    async def page(self, request: Request, account: str, query: LibraryQuery) -> dict[str, Any]:
        """A LibraryList for the caller of `request`, who may read them."""
        wanted = LibraryFilter(
            account=account,
            kind=self._kind,
            types=query.type,
            ids=query.ids,
            updated=(unix(query.updated_after), unix(query.updated_before)),
            tag=query.tag,
            words=words_of(query.q or ""),
        )
        listed = await self._library.page(
            wanted, before=_place(query.cursor), limit=query.limit, refresh=query.refresh
        )
        return _listed(request, listed)

    async def get(self, request: Request) -> Response:
        """One of them, as WeChat has it now."""
        account = account_of(request, require_scope(request, *self.readers), self._accounts)
        shown = await self._library.get(account, self._kind, _id(request))
        return JSONResponse(_shown(shown))

    async def delete(self, request: Request) -> Response:
        """Remove one of them at WeChat, for good."""
        account = account_of(request, self._writer(request), self._accounts)
        index = read_query(request, IndexQuery).index if self._kind == "publication" else 0
        await self._library.delete(
            account, self._kind, _id(request), editor_of(request), index=index
        )
        return Response(status_code=204)

    async def tag(self, request: Request) -> Response:
        """File one of them under other tags."""
        account = account_of(request, self._writer(request), self._accounts)
        change = await read_model(request, LibraryTags, max_bytes=_MAX_BYTES)
        shown = await self._library.file_under(
            *(account, self._kind, _id(request)), add=change.add, remove=change.remove
        )
        return JSONResponse(_shown(shown))

    def _writer(self, request: Request) -> Client:
        return require_scope(request, _WRITES[self._kind])


def _id(request: Request) -> str:
    return path_id(request, "id", form=_ID, unknown=NotInLibrary, told_as="thing_id")


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise FieldInvalid(field="cursor", reason="cursor: not one of ours")
    return float(found[1]), found[2]


def _listed(request: Request, listed: Listed) -> dict[str, Any]:
    place, freshness = listed.next_place, listed.freshness
    language = language_of_caller(request)
    error = freshness.error
    return {
        "items": [_item(row, listed.tags.get(row.id, ())) for row in listed.rows],
        "next_cursor": None if place is None else f"{place[0]!r}.{place[1]}",
        "synced_at": None if freshness.synced_at is None else rfc3339(freshness.synced_at),
        "refreshing": freshness.refreshing,
        "error": None if error is None else error.describe(language, request_id_of(request)),
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {**_item(shown.row, shown.tags), **shown.live}


def _item(row: Holding, tags: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.type,
        "title": row.title,
        "url": row.url,
        "updated_at": rfc3339(row.update_time),
        "job": row.job_id,
        "tags": tags,
        **row.facts,
    }
