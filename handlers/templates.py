from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from content.template_work import TemplateWork
from core.clock import rfc3339
from handlers.bodies import read_model
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from handlers.queries import NO_NUL, read_query
from handlers.views import view_of
from templates.book import TemplateBook
from templates.errors import TemplateUnknown
from templates.forms import NewTemplate, TemplateChanges, TemplateForm
from templates.variables import Variable
from templates.version import TemplateKind, Version

MAX_BYTES = 1_000_000  # a text and its variables, escaped as JSON at its worst
_LAST = 999_999


class TemplateSummary(BaseModel):
    """A template in a list, at the version in use."""

    name: str
    kind: TemplateKind
    description: str
    version: int
    note: str = Field(description="what this version changed")
    author: str = Field(description="who saved it; empty: it came with wxgate")
    created_at: str | None = Field(description="of this version")
    builtin: bool = Field(
        description="came with wxgate; saving under its name puts yours before it"
    )


class TemplateView(TemplateSummary):
    """A template at one version."""

    text: str
    variables: list[Variable]
    uses: list[str] = Field(description="templates that it names")


class TemplateList(BaseModel):
    """Templates by name, or versions from the newest; `next_cursor` asks for those after."""

    items: list[TemplateSummary]
    next_cursor: str | None


class DiffLine(BaseModel):
    """A line that is in both (" "), or in one alone ("-" the first, "+" the second)."""

    op: Literal[" ", "-", "+"]
    text: str


class DiffHunk(BaseModel):
    """A passage with changes, and the lines around it."""

    from_line: int
    from_count: int
    to_line: int
    to_count: int
    lines: list[DiffLine]


class VariableChange(BaseModel):
    """What became of a variable: null where there is none."""

    name: str
    before: Variable | None
    after: Variable | None


class DiffAnswer(BaseModel):
    """What is different between two versions."""

    name: str
    from_version: int
    to_version: int
    unified: str = Field(description="as `diff -u`")
    hunks: list[DiffHunk]
    variables: list[VariableChange]


class Rollback(BaseModel):
    """Which version to save anew."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=_LAST)


class TemplatePage(BaseModel):
    """The query of the list of templates."""

    model_config = ConfigDict(extra="forbid")

    kind: TemplateKind | None = None
    q: str = Field("", max_length=100, pattern=NO_NUL)
    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=64, pattern=NO_NUL)


class VersionPage(BaseModel):
    """The query of the list of versions."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=1, le=_LAST)


class DiffQuery(BaseModel):
    """The query of a difference."""

    model_config = ConfigDict(extra="forbid")

    from_: int = Field(alias="from", ge=1, le=_LAST)
    to: int | None = Field(None, ge=1, le=_LAST)


class Removal(BaseModel):
    """The query of a removal."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False


class TemplatesHandler:
    """Templates, which all clients share: read with the scope draft, changed with templates."""

    def __init__(self, book: TemplateBook, work: TemplateWork) -> None:
        self._book = book
        self._work = work

    async def list(self, request: Request) -> Response:
        """All templates, page by page."""
        require_reader(request)
        page = read_query(request, TemplatePage)
        found, cursor = await self._book.page(
            kind=page.kind, search=page.q, after=page.cursor, limit=page.limit
        )
        return _listed(found, cursor)

    async def get(self, request: Request) -> Response:
        """A template as it is in use, its version as ETag."""
        require_reader(request)
        return _shown(await self._book.get(request.path_params["name"]))

    async def create(self, request: Request) -> Response:
        """A new template."""
        require_scope(request, Scope.TEMPLATES, Scope.ADMIN)
        new = await read_model(request, NewTemplate, max_bytes=MAX_BYTES)
        made = await self._book.add(new, editor_of(request))
        return _shown(made, status=201, location=f"/v1/templates/{new.name}")

    async def save(self, request: Request) -> Response:
        """The next version, or the first."""
        require_scope(request, Scope.TEMPLATES, Scope.ADMIN)
        version = expected_version(request)
        form = await read_model(request, TemplateForm, max_bytes=MAX_BYTES)
        name = request.path_params["name"]
        return _shown(await self._book.save(name, form, editor_of(request), version=version))

    async def change(self, request: Request) -> Response:
        """The next version, different in what is named."""
        require_scope(request, Scope.TEMPLATES, Scope.ADMIN)
        version = expected_version(request)
        changes = await read_model(request, TemplateChanges, max_bytes=MAX_BYTES)
        name = request.path_params["name"]
        return _shown(await self._book.change(name, changes, editor_of(request), version=version))

    async def remove(self, request: Request) -> Response:
        """No such template any more."""
        require_scope(request, Scope.TEMPLATES, Scope.ADMIN)
        version, force = expected_version(request), read_query(request, Removal).force
        name = request.path_params["name"]
        await self._book.remove(name, editor_of(request), version=version, force=force)
        return Response(status_code=204)

    async def history(self, request: Request) -> Response:
        """All versions, the newest first."""
        require_reader(request)
        page = read_query(request, VersionPage)
        found, cursor = await self._book.history(
            request.path_params["name"], below=page.cursor, limit=page.limit
        )
        return _listed(found, None if cursor is None else str(cursor))

    async def version(self, request: Request) -> Response:
        """One version."""
        require_reader(request)
        name, number = request.path_params["name"], request.path_params["number"]
        if not (number.isascii() and number.isdecimal() and len(number) <= len(str(_LAST))):
            raise TemplateUnknown(template=f"{name}@{number}"[:80])
        return _shown(await self._book.get(name, int(number)))

    async def diff(self, request: Request) -> Response:
        """What is different between two versions; `to`: the one in use."""
        require_reader(request)
        name, query = request.path_params["name"], read_query(request, DiffQuery)
        before = await self._book.get(name, query.from_)
        after = await self._book.get(name, query.to)
        answer = DiffAnswer(
            name=name,
            from_version=before.number,
            to_version=after.number,
            variables=_changes(before, after),
            **await self._work.diff(name, before.text, after.text),
        )
        return JSONResponse(answer.model_dump(mode="json"))

    async def roll_back(self, request: Request) -> Response:
        """The next version, as an earlier one was."""
        require_scope(request, Scope.TEMPLATES, Scope.ADMIN)
        expected = expected_version(request)
        wanted = await read_model(request, Rollback, max_bytes=MAX_BYTES)
        name = request.path_params["name"]
        return _shown(
            await self._book.roll_back(name, wanted.version, editor_of(request), version=expected)
        )


def require_reader(request: Request) -> None:
    """Who makes articles, messages or templates may see them. Raises ScopeMissing."""
    require_scope(request, Scope.DRAFT, Scope.NOTIFY, Scope.TEMPLATES, Scope.ADMIN)


def _shown(version: Version, *, status: int = 200, location: str = "") -> Response:
    headers = etag(version.number) | ({"Location": location} if location else {})
    return JSONResponse(_view(TemplateView, version), status_code=status, headers=headers)


def _listed(versions: "list[Version]", cursor: str | None) -> Response:
    items = [_view(TemplateSummary, version) for version in versions]
    return JSONResponse({"items": items, "next_cursor": cursor})


def _view(form: type[TemplateSummary], version: Version) -> dict[str, Any]:
    created_at = None if version.builtin else rfc3339(version.created_at)
    shown = view_of(form, version, version=version.number, created_at=created_at)
    return form(**shown).model_dump(mode="json")


def _changes(before: Version, after: Version) -> "list[VariableChange]":
    old = {variable.name: variable for variable in before.variables}
    new = {variable.name: variable for variable in after.variables}
    return [
        VariableChange(name=name, before=old.get(name), after=new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
