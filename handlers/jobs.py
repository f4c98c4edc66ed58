import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import UnknownAccount
from core.errors import GatewayError, Text
from handlers.edits import editor_of, etag
from handlers.errors import language_of_caller, request_id_of
from handlers.guard import require_scope
from handlers.presence import Presence
from handlers.queries import path_id
from handlers.sse import event, last_event_id, stream
from jobs.batch_view import items_json
from jobs.lists import JobLists
from jobs.report import as_csv, report_rows
from jobs.rights import SCOPES, needs_approval
from jobs.service import Jobs, JobUnknown
from jobs.states import State
from jobs.steering import NotRetryable
from jobs.view import job_json
from proxy.body import ClientGone
from store.jobs import JobHead

_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})\b", re.ASCII | re.IGNORECASE)
_MAX_WAIT_S = 60
JOB_ID = "job_[0-9a-z]{26}"
_APPROVERS = (Scope.PUBLISH, Scope.MASS, Scope.ADMIN)


class Progress(BaseModel):
    """How far a job has come, in steps: its pictures, the draft, the publication."""

    done: int
    total: int
    failed: int


class JobImage(BaseModel):
    """What became of one picture of an article."""

    field: str = Field(description="where the article names it: images[2], cover")
    src: str = Field(description="as the article names it, without its query")
    status: Literal["uploaded", "reused", "kept", "placeholder", "failed"]
    url: str = Field(description="at WeChat; of a cover its media_id; empty if it is not there")
    bytes_in: int
    bytes_out: int
    format: str = Field(description="of what was uploaded, such as png")
    action: Literal["none", "passed", "converted", "shrunk", "still"]
    reason: str | None = Field(None, description="the code of the error, if it could not be had")


class JobItem(BaseModel):
    """One article of a job; of a batch one of its items."""

    index: int
    state: State
    job: str | None = Field(None, description="of a batch's item: the job that it is")
    title: str | None = Field(None, description="of a batch's item: what it is called")
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] | None = None
    images: list[JobImage] | None = Field(None, description="what became of its pictures")


class ChangedByWechat(BaseModel):
    """One kind of change that WeChat made to what it was sent."""

    article: int = Field(description="its index in the draft")
    what: Literal["picture", "link", "tag", "text", "style", "attribute"]
    change: Literal["dropped", "changed", "added"]
    name: str = Field(description="of the tag, property or attribute")
    sent: str
    kept: str
    count: int


class JobResult(BaseModel):
    """What a job made; a draft is shown as soon as it is there.

    Of a batch: how many items are in each state.
    """

    model_config = ConfigDict(extra="allow")

    mode: Literal["draft", "published", "draft_ready", "mass_sent"] | None = None
    media_id: str | None = None
    publish_id: str | None = None
    article_id: str | None = None
    url: str | None = Field(None, description="of the article, or a draft's temporary preview")
    urls: list[str] | None = Field(None, description="of each article, where there are several")
    msg_id: str | None = Field(None, description="of a mass send")
    counts: dict[str, int] | None = Field(
        None, description="of a mass send, once WeChat told: total, filtered, sent, failed"
    )
    updated: bool | None = Field(None, description="a draft that was there was written anew")
    unchanged: bool | None = Field(None, description="the draft said that already")
    instead_of: str | None = Field(None, description="the source's draft before, now on its own")
    changed_by_wechat: list[ChangedByWechat] | None = Field(
        None, description="what of the draft WeChat did not keep as it was sent"
    )
    next_steps: list[str] | None = Field(None, description="the clicks that remain: draft_ready")
    left_box: dict[str, Any] | None = Field(
        None, description="the draft is gone; the publication WeChat told of: article_id, url"
    )


class JobAnswer(BaseModel):
    """A job (contract §5)."""

    id: str
    kind: str
    account: str
    client: str = Field(description="who handed it in")
    state: State
    title: str | None = Field(None, description="as far as it is known")
    created_at: str
    run_at: str
    parent: str | None = Field(None, description="the batch that it is an item of")
    schedule: str | None = Field(None, description="the schedule that made it")
    tags: list[str] | None = Field(None, description="where lists and GET show it; not in events")
    progress: Progress
    items: list[JobItem]
    approval: Literal["pending", "given"] | None = Field(
        None, description="pending: nothing happens until another key approves"
    )
    result: JobResult | None = None
    error: dict[str, Any] | None = None


class ReportItem(BaseModel):
    """What became of one item; "" for what there is not."""

    index: int
    title: str
    state: State
    job: str
    media_id: str
    url: str
    article_id: str
    error_code: str
    error: str
    hint: str


class JobReport(BaseModel):
    """What became of each item of a job."""

    id: str
    kind: str
    state: State
    progress: Progress
    items: list[ReportItem]


class ApproverNeedsApproval(GatewayError):
    """Whose own publications need approval cannot approve others'."""

    status = 403
    code = "approver_needs_approval"
    category = "permission"
    message = Text(
        "客户端 {client} 自己的发布也须批准，不能批准别人的",
        "client {client} needs approval itself and cannot give it",
    )
    hint = Text(
        "换用没有 approve_publish 的客户端密钥", "use the key of a client without approve_publish"
    )


class JobsHandler:
    """Durable jobs: a key sees and steers its own, with the scope admin all of them.

    Who may approve also sees what there is to approve.
    """

    def __init__(self, jobs: Jobs, lists: JobLists) -> None:
        self._jobs = jobs
        self._lists = lists

    async def get(self, request: Request) -> Response:
        """One job."""
        job_id, reviews = job_id_of(request), reviews_of(request)
        row = await self._jobs.get(job_id, whose(request), reviews=reviews)
        return JSONResponse(await self._whole(request, row), headers=etag(row.version))

    async def report(self, request: Request) -> Response:
        """What became of each item: JSON, or CSV where the caller asks for it."""
        row = await self._jobs.get(job_id_of(request), whose(request))
        answer = await self._whole(request, row)
        rows = report_rows(answer["items"])
        if "text/csv" in request.headers.get("accept", ""):
            named = {"Content-Disposition": f'attachment; filename="{row.id}.csv"'}
            return Response(as_csv(rows), media_type="text/csv", headers=named)
        told = {name: answer[name] for name in ("id", "kind", "state", "progress")}
        return JSONResponse({**told, "items": rows})

    async def _whole(self, request: Request, row: JobHead) -> dict[str, Any]:
        """The job with its tags and, of a batch, its items."""
        tags = await self._lists.tags([row])
        answer = shown(request, row, tags.get(row.id, ()))
        if items := await self._jobs.items(row):
            answer["items"] = items_json(items, language_of_caller(request), request_id_of(request))
        return answer

    async def cancel(self, request: Request) -> Response:
        """Stop a job before its last step is sent to WeChat."""
        row = await self._jobs.cancel(job_id_of(request), whose(request))
        return JSONResponse(shown(request, row))

    async def retry(self, request: Request) -> Response:
        """Go on with a job that ended without success."""
        row = await self.retry_one(request, job_id_of(request))
        return JSONResponse(shown(request, row), status_code=202)

    async def retry_one(self, request: Request, job_id: str, *, reviewed: bool = True) -> JobHead:
        """The same for that job. Unless `reviewed`, none that needs review. Raises NotRetryable."""
        row = await self._jobs.get(job_id, whose(request))
        client = require_scope(request, SCOPES[row.action], Scope.ADMIN)
        # As with a new job, what the client may do now counts, not what it might once.
        if row.account not in client.accounts and not client.may(Scope.ADMIN):
            raise UnknownAccount(account=row.account)
        if row.state == State.NEEDS_REVIEW and not reviewed:
            raise NotRetryable(state=row.state)
        return await self._jobs.retry(
            *(job_id, whose(request)),
            by=client.id,
            needs_approval=needs_approval(client, row.action),
        )

    async def approve(self, request: Request) -> Response:
        """Let another key's publication go ahead."""
        client = require_scope(request, *_APPROVERS)
        if client.approve_publish:
            raise ApproverNeedsApproval(client=client.id)
        # What others made, and nobody has to approve, does not exist for the caller.
        job = await self._jobs.get(job_id_of(request), whose(request), reviews=reviews_of(request))
        items = await self._jobs.items(job)
        pending = {item.action for item in items if item.approval == "pending"}
        for action in {job.action, *pending}:
            require_scope(request, SCOPES[action], Scope.ADMIN)
        row = await self._jobs.approve(job_id_of(request), client, editor_of(request))
        return JSONResponse(shown(request, row), status_code=202)

    async def events(self, request: Request) -> Response:
        """The job each time it changes, as server-sent events, until it is over."""
        job_id, client_id, after = job_id_of(request), whose(request), last_event_id(request)
        reviews = reviews_of(request)
        row = await self._jobs.get(job_id, client_id, reviews=reviews)  # a 404 before the stream
        if State(row.state).is_final and row.version <= after:
            return Response(status_code=204)  # tells an EventSource not to come back

        async def told() -> AsyncGenerator[bytes | None, None]:
            seen = self._jobs.events(job_id, client_id, after=after, reviews=reviews)
            async with aclosing(seen) as rows:
                async for row in rows:
                    yield event("job", row.version, shown(request, row)) if row else None

        return stream(told())


def shown(request: Request, row: JobHead, tags: Sequence[str] = ()) -> dict[str, Any]:
    """The job as this caller reads it, with its tags where they are at hand."""
    said = job_json(row, language_of_caller(request), request_id_of(request))
    return {**said, "tags": list(tags)} if tags else said


async def answer_to_post(request: Request, row: JobHead, jobs: Jobs) -> Response:
    """202 with the job's place; 200 when `Prefer: wait=N` (≤60 s) saw its end."""
    headers = {"Location": f"/v1/jobs/{row.id}"}
    if found := _PREFER_WAIT.search(request.headers.get("prefer", "")):
        waiting = jobs.wait(row, min(int(found.group(1)), _MAX_WAIT_S))
        with suppress(ClientGone):  # whose place is free then; the job goes on
            row = await Presence().needed(waiting, request.receive)
        headers["Preference-Applied"] = f"wait={found.group(1)}"
    status = 200 if found and State(row.state).is_final else 202
    return JSONResponse(shown(request, row), status_code=status, headers=headers)


def whose(request: Request) -> str | None:
    """The client whose jobs the caller sees; None: those of all."""
    client: Client = request.state.client
    return None if client.may(Scope.ADMIN) else client.id


def reviews_of(request: Request) -> tuple[str, ...]:
    """The accounts whose jobs the caller may approve."""
    client: Client = request.state.client
    approves = client.may(*_APPROVERS) and not client.approve_publish
    return client.accounts if approves else ()


def job_id_of(request: Request) -> str:
    """The job that the path names. Raises JobUnknown."""
    return path_id(request, "job_id", form=JOB_ID, unknown=JobUnknown, told_as="job_id")
