from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from accounts.audit import AuditEntry, Detail
from accounts.clients import Client, Scope
from content.fields import DraftFields
from content.filling import TemplateFiller
from content.inline import without_inline
from core.clock import Clock
from core.errors import Text
from handlers.account_choice import AccountChoice
from handlers.articles import MEDIA_ID, SourceId
from handlers.edits import editor_of
from handlers.jobs import JOB_ID, JobAnswer, reviews_of, shown, whose
from handlers.late import LateFields
from handlers.mcp import words
from handlers.mcp.accounts import AccountName
from handlers.mcp.once import submit_once
from handlers.mcp.tool import READS_HERE, Effect, Told, Tool
from handlers.presence import Presence
from jobs.draft_publication import DraftPublication
from jobs.publish_at import check_publish_at, read_publish_at
from jobs.rights import needs_approval
from jobs.service import Jobs
from jobs.states import State
from jobs.submission import Submission
from proxy.body import ClientGone
from store.jobs import JobHead
from store.tags import TagName

_MAX_WAIT_S = 50
_PUBLISHES = "POST /v1/accounts/{account}/drafts/{media_id}/publish"
_WAIT = "seconds to wait for the end; the job goes on either way"

Wait = Annotated[float, Field(ge=0, le=_MAX_WAIT_S, description=_WAIT)]
MediaId = Annotated[
    str,
    Field(pattern=f"^{MEDIA_ID}$", description="of the draft: create_draft and list_drafts tell"),
]
IdempotencyKey = Annotated[
    str | None,
    Field(
        pattern=r"^[\x21-\x7e]{1,160}$",
        description="calls with the same key are one call; without it, those of the same content",
    ),
]


class CreateDraftInput(DraftFields):
    """An article, or several, for the draft box."""

    account: AccountName = None
    update: str | None = Field(
        None, pattern=f"^{MEDIA_ID}$", description="media_id of a draft to be written anew"
    )
    source_id: SourceId | None = Field(
        None, description="what it is made of: the draft it became last is written anew"
    )
    tags: list[TagName] = Field([], max_length=10, description="what to file the job under")
    another: bool = Field(
        False, description="make another draft though the same content became one before"
    )
    idempotency_key: IdempotencyKey = None
    wait_s: Wait = 20

    def fields(self) -> DraftFields:
        """The draft itself."""
        own = set(type(self).model_fields) - set(DraftFields.model_fields)
        return DraftFields(**self.model_dump(exclude=own))


class PublishInput(BaseModel):
    """A draft that is to be published now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_id: MediaId
    account: AccountName = None
    repeat: bool = Field(
        False, description="publish it though the same content was published of late"
    )
    idempotency_key: IdempotencyKey = None
    wait_s: Wait = 20


class ScheduleInput(LateFields):
    """A draft that is to be published later."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    media_id: MediaId
    publish_at: str = Field(
        description="RFC 3339 with offset, such as 2026-12-01T08:00:00+08:00; ≤1 year ahead"
    )
    account: AccountName = None
    if_changed: Literal["fail", "publish"] = Field(
        "fail", description="what to do if somebody changes the draft until then"
    )
    repeat: bool = Field(
        False, description="publish it though the same content was published of late"
    )
    idempotency_key: IdempotencyKey = None


class JobInput(BaseModel):
    """Which job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: str = Field(pattern=f"^{JOB_ID}$", description="from the answer of another tool")
    wait_s: Wait = 0


class Notes(Protocol):
    """Where it is noted what agents had done; `accounts.audit.AuditLog` is it."""

    async def note(self, entry: AuditEntry) -> None:
        """Keep it. Raises StorageUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What articles are handed in at."""

    jobs: Jobs
    accounts: AccountChoice
    templates: TemplateFiller
    notes: Notes
    presence: Presence
    clock: Clock


class PublishingTools:
    """Tools that make jobs, and show them."""

    def __init__(self, desk: Desk) -> None:
        self._jobs = desk.jobs
        self._accounts = desk.accounts
        self._templates = desk.templates
        self._notes = desk.notes
        self._presence = desk.presence
        self._clock = desk.clock

    def tools(self) -> list[Tool]:
        """All of them."""
        return [
            Tool(
                about=words.CREATE_DRAFT,
                takes=CreateDraftInput,
                gives=JobAnswer,
                # `update` writes over a draft, `another` makes one each time.
                effect=Effect(destructive=True, idempotent=False),
                scopes=(Scope.DRAFT,),
                counts_as="POST /v1/accounts/{account}/articles",
                run=self._create_draft,
            ),
            Tool(
                about=words.PUBLISH,
                takes=PublishInput,
                gives=JobAnswer,
                effect=Effect(destructive=True),
                scopes=(Scope.PUBLISH,),
                counts_as=_PUBLISHES,
                run=self._publish,
            ),
            Tool(
                about=words.SCHEDULE,
                takes=ScheduleInput,
                gives=JobAnswer,
                effect=Effect(destructive=True),
                scopes=(Scope.PUBLISH,),
                counts_as=_PUBLISHES,
                run=self._schedule,
            ),
            Tool(
                about=words.JOB_STATUS,
                takes=JobInput,
                gives=JobAnswer,
                effect=READS_HERE,
                run=self._job_status,
            ),
        ]

    async def _create_draft(self, request: Request, asked: CreateDraftInput) -> Told:
        client: Client = request.state.client
        fields, files = await without_inline(asked.fields(), {})
        submission = Submission(
            client_id=client.id,
            account=self._accounts.choose(request, asked.account),
            fields=fields,
            files=files,
            update=asked.update,
            source_id=asked.source_id,
            tags=asked.tags,
            idempotency_key=asked.idempotency_key,
            route="MCP create_draft",
        )

        async def check() -> None:
            await self._templates.check(fields)

        row = (
            await self._jobs.submit(submission, check)
            if asked.another
            else await submit_once(self._jobs, submission, check)
        )
        await self._note(request, "create_draft", row, {"title": row.title})
        return await self._told(request, row, asked.wait_s)

    async def _publish(self, request: Request, asked: PublishInput) -> Told:
        client: Client = request.state.client
        publication = DraftPublication(
            client_id=client.id,
            account=self._accounts.choose(request, asked.account),
            media_id=asked.media_id,
            repeat=asked.repeat,
            idempotency_key=asked.idempotency_key,
            needs_approval=needs_approval(client, "publish"),
            route="MCP publish",
        )
        row = await self._submit(publication)
        await self._note(request, "publish", row, {"media_id": asked.media_id})
        return await self._told(request, row, asked.wait_s)

    async def _schedule(self, request: Request, asked: ScheduleInput) -> Told:
        client: Client = request.state.client
        publication = DraftPublication(
            client_id=client.id,
            account=self._accounts.choose(request, asked.account),
            media_id=asked.media_id,
            if_changed=asked.if_changed,
            publish_at=read_publish_at(asked.publish_at),
            late=asked.late(),
            repeat=asked.repeat,
            idempotency_key=asked.idempotency_key,
            needs_approval=needs_approval(client, "publish"),
            route="MCP schedule",
        )
        row = await self._submit(publication)
        detail = {"media_id": asked.media_id, "publish_at": asked.publish_at}
        await self._note(request, "schedule", row, detail)
        return await self._told(request, row, 0)

    async def _submit(self, publication: DraftPublication) -> JobHead:
        async def check() -> None:
            if publication.publish_at is not None:
                check_publish_at(publication.publish_at, now=self._clock())

        return await submit_once(self._jobs, publication, check)

    async def _note(self, request: Request, tool: str, row: JobHead, detail: Detail) -> None:
        """Not with the job, which stays if this fails: the same call again finds it."""
        entry = editor_of(request).did(f"mcp.{tool}", row.id, detail)
        await self._notes.note(replace(entry, account=row.account))

    async def _job_status(self, request: Request, asked: JobInput) -> Told:
        row = await self._jobs.get(asked.job_id, whose(request), reviews=reviews_of(request))
        told = await self._told(request, row, asked.wait_s)
        return Told(told.data, told.gist)  # to tell of a failure is what it was asked for

    async def _told(self, request: Request, row: JobHead, wait_s: float) -> Told:
        if wait_s and row.approval != "pending":
            with suppress(ClientGone):  # whose place is free then; the job goes on
                waiting = self._jobs.wait(row, wait_s)
                row = await self._presence.needed(waiting, request.receive)
        data = shown(request, row)
        return Told(data, _gist(data), failed=row.state == State.FAILED)


def _gist(job: dict[str, Any]) -> Text:
    """What matters of a job, in one line; its own texts are in the caller's language already."""
    result, error = job.get("result", {}), job.get("error", {})
    facts = [f"{name}={result[name]}" for name in ("mode", "media_id", "url") if result.get(name)]
    if error:
        facts.append(f"{error['code']}: {error['message']} ({error['hint']})")
    told = ", ".join(facts)
    waits = job.get("approval") == "pending"
    return Text(
        f"任务 {job['id']}：{job['state']}。{'等待另一个人批准。' if waits else ''}{told}",
        f"Job {job['id']}: {job['state']}. {'Waits for approval. ' if waits else ''}{told}",
    )
