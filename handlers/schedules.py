import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client, Scope
from accounts.official import Accounts
from content.filling import TemplateFiller
from content.inline import without_inline
from core.clock import Clock
from handlers.articles import account_of, idempotency_key
from handlers.bodies import FieldInvalid, parse_model, read_with_files
from handlers.body_budget import BodyBudget
from handlers.edits import editor_of, etag, expected_version
from handlers.guard import require_scope
from handlers.jobs import ApproverNeedsApproval, answer_to_post, whose
from handlers.queries import path_id, read_query
from handlers.schedule_forms import ScheduleChange, ScheduleRequest
from jobs.cron import DEFAULT_ZONE, Recurrence
from jobs.publish_at import parse_publish_at
from jobs.schedule_errors import ScheduleChanged, ScheduleUnknown
from jobs.schedule_view import schedule_json
from jobs.schedule_work import ArticleWork, DraftWork, Work, late_policy, with_action
from jobs.schedules import NewSchedule, ScheduleChanges, Schedules, hash_of
from jobs.service import Jobs
from store.schedules import ScheduleFilter, ScheduleRow

# A front matter's or the first heading; text is parsed nowhere in this process.
_TITLE = re.compile(r"^(?:title:|#{1,6}[ \t])(.+)$", re.MULTILINE)
_ID = "sch_[0-9a-z]{26}"
_APPROVERS = (Scope.PUBLISH, Scope.ADMIN)


class ScheduleQuery(BaseModel):
    """The query of a list of schedules."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["active", "paused", "ended"] | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, pattern=f"^{_ID}$")


class SeesDrafts(Protocol):
    """Looks at drafts; `jobs.draft_sight` does."""

    async def see(self, account: str, media_id: str) -> Mapping[str, object]:
        """What the draft is now. Raises DraftGone."""
        ...


@dataclass(frozen=True, slots=True)
class Planning:
    """What schedules are made with."""

    schedules: Schedules
    jobs: Jobs
    drafts: SeesDrafts
    least_s: float  # between two times of one schedule
    templates: TemplateFiller


@dataclass(frozen=True, slots=True)
class _Said:
    """What a body says is to be done, with its files."""

    work: Work | None
    files: Mapping[str, bytes]
    kept: Mapping[str, str]


class SchedulesHandler:
    """Schedules of an account: a key sees and steers its own, with the scope admin all of them."""

    def __init__(
        self,
        planning: Planning,
        accounts: Accounts,
        bodies: BodyBudget,
        *,
        max_request_mb: int,
        clock: Clock,
    ) -> None:
        self._schedules = planning.schedules
        self._jobs = planning.jobs
        self._drafts = planning.drafts
        self._least_s = planning.least_s
        self._templates = planning.templates
        self._accounts = accounts
        self._bodies = bodies
        self._max_bytes = max_request_mb * 1_000_000
        self._clock = clock

    async def create(self, request: Request) -> Response:
        """A new schedule: JSON, or multipart with the pictures of its article."""
        client = require_scope(request, Scope.DRAFT, Scope.PUBLISH)
        account = account_of(request, client, self._accounts)
        with self._bodies.share() as share:
            body = await read_with_files(
                request, "schedule", max_bytes=self._max_bytes, share=share
            )
            asked = parse_model(body.json, ScheduleRequest)
            key = idempotency_key(request)
            body_hash = hash_of(asked.model_dump(mode="json"), body.files)
            made = await self._schedules.earlier(client.id, account, key, body_hash)
            if made is not None:
                return _made(made)
            said = await self._said(request, account, asked, body.files)
            assert said.work is not None  # noqa: S101 - the model demands it
            row = await self._schedules.create(
                NewSchedule(
                    client_id=client.id,
                    account=account,
                    name=asked.name or _title(said.work),
                    work=said.work,
                    body_hash=body_hash,
                    at=self._at(asked.publish_at),
                    recurrence=self._recurrence(asked.cron, asked.timezone or DEFAULT_ZONE),
                    late=asked.late(),
                    needs_approval=client.approve_publish and said.work.action == "publish",
                    files=said.files,
                    kept=said.kept,
                    idempotency_key=key,
                ),
                by=editor_of(request),
            )
        return _made(row)

    async def list(self, request: Request) -> Response:
        """A page of the account's schedules, newest first."""
        account = account_of(request, request.state.client, self._accounts)
        query = read_query(request, ScheduleQuery)
        wanted = ScheduleFilter(account, whose(request), query.state)
        rows, cursor = await self._schedules.page(wanted, before=query.cursor, limit=query.limit)
        items = [schedule_json(row) for row in rows]
        return JSONResponse({"items": items, "next_cursor": cursor})

    async def get(self, request: Request) -> Response:
        """One schedule, its version as ETag."""
        return _shown(await self._seen(request))

    async def change(self, request: Request) -> Response:
        """Another time, other work, another policy."""
        client = require_scope(request, Scope.DRAFT, Scope.PUBLISH)
        seen = await self._seen(request)
        with self._bodies.share() as share:
            body = await read_with_files(
                request, "schedule", max_bytes=self._max_bytes, share=share
            )
            asked = parse_model(body.json, ScheduleChange)
            said = await self._said(request, seen.account, asked, body.files, seen)
            cron = None if asked.publish_at else asked.cron or (asked.timezone and seen.cron)
            if cron and (said.work.as_json() if said.work else seen.work)["kind"] == "draft":
                raise FieldInvalid(field="cron", reason="a draft is published only one time")
            changes = ScheduleChanges(
                name=asked.name,
                work=said.work,
                files=said.files,
                kept=said.kept,
                at=self._at(asked.publish_at),
                recurrence=self._recurrence(cron, asked.timezone or seen.timezone),
                late=asked.late(late_policy(seen)),
                keeps_files=asked.article is None and asked.draft is None,
            )
            publishes = (said.work.action if said.work else seen.work["action"]) == "publish"
            row = await self._schedules.change(
                *(seen, changes),
                needs_approval=client.approve_publish and publishes,
                by=editor_of(request),
            )
        return _shown(row)

    async def pause(self, request: Request) -> Response:
        """No time comes due until it is resumed."""
        seen = await self._seen(request)
        return _shown(await self._schedules.pause(seen, by=editor_of(request)))

    async def resume(self, request: Request) -> Response:
        """On with the times that are to come."""
        seen = await self._seen(request)
        _require_for(request, seen)
        return _shown(await self._schedules.resume(seen, by=editor_of(request)))

    async def remove(self, request: Request) -> Response:
        """No such schedule any more."""
        asked_for = expected_version(request) is not None
        seen = await self._seen(request)
        await self._schedules.remove(seen, asked_for=asked_for, by=editor_of(request))
        return Response(status_code=204)

    async def run(self, request: Request) -> Response:
        """Have it done now."""
        seen = await self._seen(request)
        _require_for(request, seen)
        job = await self._schedules.run(seen, idempotency_key(request), by=editor_of(request))
        return await answer_to_post(request, job, self._jobs)

    async def approve(self, request: Request) -> Response:
        """Let what another key's schedule publishes go ahead."""
        client = require_scope(request, *_APPROVERS)
        if client.approve_publish:
            raise ApproverNeedsApproval(client=client.id)
        seen = await self._seen(request, reviews=True)
        return _shown(await self._schedules.approve(seen, client, editor_of(request)))

    async def _seen(self, request: Request, *, reviews: bool = False) -> ScheduleRow:
        """The schedule of the path. Raises ScheduleUnknown, ScheduleChanged."""
        account = account_of(request, request.state.client, self._accounts)
        schedule_id = path_id(
            request, "schedule", form=_ID, unknown=ScheduleUnknown, told_as="schedule_id"
        )
        row = await self._schedules.get(account, schedule_id, None if reviews else whose(request))
        if row.approval is None and whose(request) not in (None, row.client_id):
            raise ScheduleUnknown(schedule_id=schedule_id)  # nobody has to approve it
        if expected_version(request) not in (None, row.version):
            raise ScheduleChanged(version=row.version, state=row.state)
        return row

    async def _said(
        self,
        request: Request,
        account: str,
        asked: ScheduleRequest | ScheduleChange,
        files: Mapping[str, bytes],
        seen: ScheduleRow | None = None,
    ) -> _Said:
        """What is to be done, and with which files; of a change that names none of it: None."""
        if asked.draft is not None:
            require_scope(request, Scope.PUBLISH)
            expected = await self._drafts.see(account, asked.draft.media_id)
            work: Work = DraftWork(
                media_id=asked.draft.media_id,
                expected=expected,
                if_changed=asked.draft.if_changed,
            )
            return _Said(work, {}, {})
        if asked.article is None:
            if seen is None or asked.action is None:
                return _Said(None, {}, {})
            _require(request, asked.action)
            return _Said(with_action(seen, asked.action), {}, {})
        action = asked.action or (seen.work["action"] if seen else "draft")
        _require(request, action)
        fields, sent = await without_inline(asked.article.fields(), files)
        await self._templates.check(fields)
        return _Said(ArticleWork(fields=fields, action=action), sent, asked.article.files or {})

    def _at(self, publish_at: str | None) -> float | None:
        if publish_at is None:
            return None
        now = self._clock()
        return max(now, parse_publish_at(publish_at, now=now))

    def _recurrence(self, cron: str | None, zone: str) -> Recurrence | None:
        if not cron:
            return None
        return Recurrence.parse(cron, zone, now=self._clock(), least_s=self._least_s)


def _require(request: Request, action: str) -> Client:
    return require_scope(request, Scope.PUBLISH if action == "publish" else Scope.DRAFT)


def _require_for(request: Request, row: ScheduleRow) -> None:
    """The scope that a new schedule of that kind would need."""
    _require(request, row.work["action"])


def _title(work: Work) -> str:
    """A name for a schedule that was given none."""
    if isinstance(work, DraftWork):
        return work.media_id
    first = work.fields.each()[0]
    said = (first.title or first.markdown or first.template or "").replace("\x00", "")
    titled = None if first.title else _TITLE.search(said)
    lines = (titled[1] if titled else said).strip().splitlines()
    return (lines[0].strip("# -'\"")[:40] if lines else "") or "schedule"


def _made(row: ScheduleRow) -> Response:
    response = _shown(row, status=201)
    response.headers["Location"] = f"/v1/accounts/{row.account}/schedules/{row.id}"
    return response


def _shown(row: ScheduleRow, status: int = 200) -> Response:
    return JSONResponse(schedule_json(row), status_code=status, headers=etag(row.version))
