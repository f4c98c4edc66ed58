"""The article and job routes over HTTP, on a real store, with nobody at work behind them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from accounts.clients import Client, Clients
from accounts.clients import Scope as ClientScope
from accounts.official import Accounts
from content.archives import Archives
from content.filling import TemplateFiller
from content.renderer import Renderer
from content.settings import ContentSettings
from content.template_work import TemplateWork
from content.workers import WorkerLimits, WorkerPool
from handlers.articles import ArticlesHandler
from handlers.batch_bodies import BatchBodies
from handlers.batches import BatchesHandler
from handlers.body_budget import BodyBudget
from handlers.draft_publish import DraftPublishHandler
from handlers.errors import EXCEPTION_HANDLERS
from handlers.files import FilesHandler
from handlers.guard import AuthMiddleware
from handlers.job_changes import JobChangesHandler
from handlers.job_lists import JobListsHandler
from handlers.job_reviews import JobReviewsHandler
from handlers.jobs import JobsHandler
from handlers.schedules import Planning, SchedulesHandler
from handlers.uploads import UploadsHandler
from jobs.changes import Changes
from jobs.draft_publish import DraftGone
from jobs.files import Files
from jobs.intake import Intake
from jobs.lists import JobLists
from jobs.reschedule import Rescheduling
from jobs.resolution import Resolution
from jobs.schedules import Schedules
from jobs.service import Jobs
from jobs.settings import JobsSettings
from jobs.uploads import Uploads
from store.engine import Database
from tests.gateway import MAIN, PERSONAL
from tests.jobs.journals import journal_of

NOW = time.time()


def _client(name: str, *scopes: ClientScope, **how: Any) -> Client:
    key = SecretStr(f"wxg_{name}_0123456789abcdefghijklmnop")
    how = {"accounts": ("main",), **how}
    return Client(id=name, key=key, scopes=frozenset(scopes), **how)


CLIENTS = Clients(
    [
        _client("blog", ClientScope.DRAFT, ClientScope.PUBLISH),
        _client("agent", ClientScope.DRAFT),
        _client("keeper", ClientScope.MATERIAL),
        _client("reader", ClientScope.RELAY_READ),
        _client("boss", ClientScope.ADMIN),
        _client("teller", ClientScope.NOTIFY),
        _client("sender", ClientScope.DRAFT, ClientScope.MASS),
        _client("sender-2", ClientScope.MASS),
        _client("junior", ClientScope.DRAFT, ClientScope.PUBLISH, approve_publish=True),
        _client(
            *("intern", ClientScope.DRAFT, ClientScope.PUBLISH, ClientScope.MASS),
            approve_publish=True,
        ),
        _client("elsewhere", ClientScope.PUBLISH, accounts=("personal",)),
    ]
)


class Previews:
    """Keeps the Protocol of the mass client's previews; WeChat is not asked."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, dict[str, str]]] = []

    async def preview(self, account: str, media_id: str, *, to: dict[str, str]) -> None:
        self.shown.append((account, media_id, to))


class Desk:
    """Calls as one of CLIENTS."""

    def __init__(self, app: ASGIApp, jobs: Jobs, previews: Previews) -> None:
        self.previews = previews
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://gate", timeout=20
        )
        self.jobs = jobs

    async def call(
        self, method: str, path: str, *, as_client: str = "blog", **how: Any
    ) -> httpx.Response:
        headers = {"x-client": as_client, **how.pop("headers", {})}
        return await self._http.request(method, path, headers=headers, **how)

    async def post(self, body: Any, *, account: str = "main", **how: Any) -> httpx.Response:
        return await self.call("POST", f"/v1/accounts/{account}/articles", json=body, **how)

    async def batch(self, kind: str, items: list[Any], **more: Any) -> httpx.Response:
        """Hand in a batch; `how` is for the call, the rest stands in the body."""
        how = more.pop("how", {})
        body = {"kind": kind, "items": items, **more}
        return await self.call("POST", "/v1/accounts/main/batches", json=body, **how)

    async def aclose(self) -> None:
        await self._http.aclose()


class Box:
    """Keeps the Protocol ReadsDrafts: every draft is the same."""

    async def get(self, _account: str, _media_id: str) -> list[dict[str, Any]]:
        return [{"title": "题", "content": "<p>文</p>"}]


class Sight:
    """A draft box with one draft."""

    async def see(self, _account: str, media_id: str) -> dict[str, Any]:
        if media_id != "MEDIA_id-1":
            raise DraftGone(media_id=media_id)
        return {"articles": [], "media_id": media_id}


class _State:
    """What the outer layers of the process prepare."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = "req_test"
        await self._app(scope, receive, send)


def _authenticate(scope: Scope) -> Client:
    name = dict(scope["headers"])[b"x-client"].decode()
    client = CLIENTS.by_id(name)
    assert client is not None
    return client


@asynccontextmanager
async def open_desk(database: Database) -> AsyncIterator[Desk]:
    """The routes, their clock standing at NOW."""
    jobs = Jobs(
        database, JobsSettings(), Changes(), lambda: None, journal_of(database), clock=lambda: NOW
    )
    accounts = Accounts((MAIN, PERSONAL))
    bodies = BodyBudget(2_000_000)
    workers = WorkerPool(WorkerLimits(), size=1)
    work = TemplateWork(workers)
    templates = TemplateFiller(database, work, clock=lambda: NOW)
    articles = ArticlesHandler(
        jobs, accounts, bodies, templates, max_request_mb=1, clock=lambda: NOW
    )
    kept = Files(database, max_bytes=3_000_000, clock=lambda: NOW)
    files = FilesHandler(kept, bodies)
    uploads = UploadsHandler(Uploads(database, kept, clock=lambda: NOW), bodies)
    settings = JobsSettings(max_request_mb=1)
    archives = Archives(workers, max_bytes=1_000_000)
    reads = BatchBodies(bodies, archives, settings)
    batches = BatchesHandler(jobs, kept, accounts, reads, templates, clock=lambda: NOW)
    previews = Previews()
    drafts = DraftPublishHandler(jobs, accounts, previews, clock=lambda: NOW)
    one_draft = "/v1/accounts/{account}/drafts/{media_id}"
    lists = JobLists(database, clock=lambda: NOW)
    rescheduling = Rescheduling(
        *(database, Changes(), lambda: None, journal_of(database)), clock=lambda: NOW
    )
    changes = JobChangesHandler(jobs, lists, rescheduling, clock=lambda: NOW)
    settings = JobsSettings()
    intake = Intake(database, settings, lambda: None, clock=lambda: NOW)
    service = Schedules(
        *(database, settings, intake, lambda: None, journal_of(database)), clock=lambda: NOW
    )
    schedules = SchedulesHandler(
        Planning(service, jobs, Sight(), settings.min_interval_s, templates),
        *(accounts, bodies),
        max_request_mb=1,
        clock=lambda: NOW,
    )
    all_schedules = "/v1/accounts/{account}/schedules"
    one_schedule = f"{all_schedules}/{{schedule}}"
    shown, listed = JobsHandler(jobs, lists), JobListsHandler(lists, accounts)
    workers = WorkerPool(ContentSettings().worker_limits(), size=1)
    resolution = Resolution(database, Changes(), journal_of(database), clock=lambda: NOW)
    reviews = JobReviewsHandler(
        *(jobs, resolution, shown, Renderer(workers, ContentSettings()), Box()),
        templates,
    )
    routes = [
        Route("/v1/accounts/{account}/articles", articles.create, methods=["POST"]),
        Route(f"{one_draft}/publish", drafts.publish, methods=["POST"]),
        Route(all_schedules, schedules.list, methods=["GET"]),
        Route(all_schedules, schedules.create, methods=["POST"]),
        Route(one_schedule, schedules.get, methods=["GET"]),
        Route(one_schedule, schedules.change, methods=["PATCH"]),
        Route(one_schedule, schedules.remove, methods=["DELETE"]),
        Route(f"{one_schedule}/pause", schedules.pause, methods=["POST"]),
        Route(f"{one_schedule}/resume", schedules.resume, methods=["POST"]),
        Route(f"{one_schedule}/run", schedules.run, methods=["POST"]),
        Route(f"{one_schedule}/approve", schedules.approve, methods=["POST"]),
        Route(f"{one_draft}/preview", drafts.preview, methods=["POST"]),
        Route("/v1/accounts/{account}/batches", batches.create, methods=["POST"]),
        Route("/v1/files", uploads.create, methods=["POST"]),
        Route("/v1/files/missing", files.missing, methods=["POST"]),
        Route("/v1/files/{sha256}", files.put, methods=["PUT"]),
        Route("/v1/jobs", listed.list),
        Route("/v1/jobs/summary", listed.summary),
        Route("/v1/jobs/{job_id}", shown.get, methods=["GET"]),
        Route("/v1/jobs/{job_id}", changes.change, methods=["PATCH"]),
        Route("/v1/jobs/{job_id}/events", shown.events),
        Route("/v1/jobs/{job_id}/report", shown.report),
        Route("/v1/jobs/{job_id}/cancel", shown.cancel, methods=["POST"]),
        Route("/v1/jobs/retry", reviews.retry, methods=["POST"]),
        Route("/v1/jobs/{job_id}/resolve", reviews.resolve, methods=["POST"]),
        Route("/v1/jobs/{job_id}/preview", reviews.preview),
        Route("/v1/jobs/{job_id}/approve", shown.approve, methods=["POST"]),
        Route("/v1/jobs/{job_id}/retry", shown.retry, methods=["POST"]),
    ]
    inner = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    desk = Desk(_State(AuthMiddleware(inner, _authenticate)), jobs, previews)
    try:
        yield desk
    finally:
        await desk.aclose()
        await workers.aclose()
        await workers.aclose()
