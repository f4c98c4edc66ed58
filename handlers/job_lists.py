import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from handlers.jobs import JOB_ID, JobAnswer, reviews_of, shown, whose
from handlers.queries import NO_NUL, read_query, unix
from jobs.lists import JobLists
from jobs.states import State
from store.job_lists import JobFilter
from store.search import words_of
from store.tags import TAG_CHARS

# What may be the id of something: a media_id, an article_id. A word of a title is shorter.
_AN_ID = re.compile(r"[\w-]{16,160}", re.ASCII)

JobId = Annotated[str, Field(pattern=f"^{JOB_ID}$")]
Name = Annotated[str, Field(max_length=32, pattern=NO_NUL)]


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobAnswer]
    next_cursor: str | None


class JobSummary(BaseModel):
    """How many jobs there are, by state."""

    states: dict[State, int]
    total: int


class JobWanted(BaseModel):
    """Which jobs: the query of GET /v1/jobs/summary."""

    model_config = ConfigDict(extra="forbid")

    state: tuple[State, ...] = ()
    kind: tuple[Name, ...] = ()
    account: Name | None = None
    client: Name | None = None
    approval: Literal["pending", "given"] | None = None
    parent: JobId | None = None
    schedule: str | None = Field(None, max_length=40, pattern=NO_NUL)
    ids: tuple[JobId, ...] | None = Field(None, max_length=100)
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    due_after: AwareDatetime | None = None
    due_before: AwareDatetime | None = None
    tag: str | None = Field(None, max_length=TAG_CHARS, pattern=NO_NUL)
    q: str | None = Field(None, max_length=200, pattern=NO_NUL)

    def times(self, what: Literal["created", "due"]) -> tuple[float | None, float | None]:
        """From when, and before when."""
        return unix(getattr(self, f"{what}_after")), unix(getattr(self, f"{what}_before"))


class JobQuery(JobWanted):
    """The query of GET /v1/jobs."""

    limit: int = Field(20, ge=1, le=100)
    cursor: JobId | None = None


class JobListsHandler:
    """Many jobs: lists, figures. A key sees its own, with the scope admin all of them."""

    def __init__(self, lists: JobLists, accounts: Accounts) -> None:
        self._lists = lists
        self._accounts = accounts

    async def list(self, request: Request) -> Response:
        """A page of jobs, newest first."""
        query = read_query(request, JobQuery)
        wanted = await self._wanted(request, query)
        rows, cursor = await self._lists.page(wanted, before=query.cursor, limit=query.limit)
        tags = await self._lists.tags(rows)
        items = [shown(request, row, tags.get(row.id, ())) for row in rows]
        return JSONResponse({"items": items, "next_cursor": cursor})

    async def summary(self, request: Request) -> Response:
        """How many there are in each state."""
        wanted = await self._wanted(request, read_query(request, JobWanted))
        found = await self._lists.summary(wanted)
        states = {state.value: found.get(state, 0) for state in State}
        return JSONResponse({"states": states, "total": sum(states.values())})

    async def _wanted(self, request: Request, query: JobWanted) -> JobFilter:
        """The query, as far as the caller may ask."""
        said, ids, words = (query.q or "").strip(), query.ids, words_of(query.q or "")
        if _AN_ID.fullmatch(said) and (named := await self._named(request, said)):
            ids, words = tuple(named.intersection(ids) if ids is not None else named), ()
        own = whose(request)
        if own is not None and query.client not in (None, own):
            ids = ()
        return JobFilter(
            client_id=own or query.client,
            reviews=reviews_of(request) if query.approval else (),
            account=query.account,
            kinds=query.kind,
            states=[state.value for state in query.state],
            approval=query.approval,
            parent_id=query.parent,
            schedule_id=query.schedule,
            ids=ids,
            created=query.times("created"),
            due=query.times("due"),
            tag=query.tag,
            words=words,
        )

    async def _named(self, request: Request, said: str) -> set[str]:
        client: Client = request.state.client
        every = [account.name for account in self._accounts]
        accounts = every if client.may(Scope.ADMIN) else client.accounts
        return await self._lists.named(said, accounts)
