"""The URL table, a line each; what is not here goes nowhere."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route, Router

from accounts.account_book import AccountBook
from accounts.audit import AuditLog
from accounts.official import Accounts
from core.metrics import Metrics
from handlers import account_operations as about_accounts
from handlers import batches_operations as about_batches
from handlers import callback_operations as about_pushes
from handlers import job_operations as about_jobs
from handlers import library_operations as about_library
from handlers import operations as about
from handlers import schedules_operations as about_schedules
from handlers import template_operations as about_templates
from handlers.accounts import AccountsHandler
from handlers.admin_accounts import AdminAccountsHandler
from handlers.areas import Segments
from handlers.articles import ArticlesHandler
from handlers.audit import AuditHandler
from handlers.auth import AuthHandler
from handlers.body_budget import BodyBudget
from handlers.cache_admin import CacheAdminHandler
from handlers.callback import CallbackHandler
from handlers.capabilities import AccountFacts, ProbeHandler
from handlers.clients import ClientsHandler
from handlers.closed_door import ClosedDoor
from handlers.doctor import Checkup, DoctorHandler
from handlers.errcodes import ErrcodesHandler
from handlers.errors import EXCEPTION_HANDLERS
from handlers.guard import AuthMiddleware, OpsMiddleware
from handlers.health import HealthHandler
from handlers.job_changes import JobChangesHandler
from handlers.job_lists import JobListsHandler
from handlers.jobs import JobsHandler
from handlers.library import LibraryHandler
from handlers.limits import LimitsHandler
from handlers.lint import LintHandler
from handlers.metrics import MetricsHandler
from handlers.openapi import ApiRoute, DocsHandler
from handlers.publishing_stats import PublishingStatsHandler
from handlers.relay import Relay
from handlers.render import RenderHandler
from handlers.schedules import Planning, SchedulesHandler
from handlers.signed import SignatureMiddleware
from handlers.stats import StatsHandler
from handlers.template_preview import PreviewHandler
from handlers.templates import TemplatesHandler
from handlers.themes import ThemesHandler
from handlers.throttle import Throttle
from jobs.library import Library
from proxy.capabilities import Capabilities, Prober
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.signed_body import SignedBodies
from server.alerting import alert_routes
from server.batch_routes import batch_routes
from server.cache_control import CacheControl
from server.callers import Callers
from server.channel_routes import channel_routes
from server.effect_routes import effect_routes
from server.notify_routes import notification_routes
from server.notifying import Notifying
from server.replica_routes import RelayRoute, replica_routes, routes_of
from server.replicas import Fellowship
from server.settings import Settings
from server.store import store_check
from server.webhook_routes import webhook_routes
from server.wenyan_routes import wenyan_routes
from server.work import Work
from store.engine import Database
from templates.book import TemplateBook
from wechat.errcodes import load_errcodes


@dataclass(frozen=True)
class Parts:
    """What the handlers are made of."""

    settings: Settings
    accounts: Accounts
    callers: Callers
    follow: Callable[[], Awaitable[None]]  # reads at once what was changed in the store
    signed: SignedBodies
    limiter: Limiter
    quota: QuotaLedger
    capabilities: Capabilities
    prober: Prober
    work: Work
    us: Fellowship
    library: Library
    notifying: Notifying
    caches: CacheControl
    metrics: Metrics
    database: Database
    audit: AuditLog
    account_book: AccountBook
    checkup: Checkup
    relay: Relay
    relay_segments: Segments


def build_app(parts: Parts) -> Starlette:
    """The relay first: it is the busiest and tells its paths by one look-up."""
    throttle = Throttle(parts.settings.server.control_rate_limit)
    bodies = BodyBudget(parts.settings.jobs.max_bodies_mb * 1_000_000)
    v1 = [throttle.guard(route, "/v1") for route in _v1(parts, bodies)]
    auth = [throttle.guard(route, "/v1/auth") for route in _auth(parts)]
    rate = parts.settings.callback.rate_limit
    pushes = [throttle.guard_alone(route, rate) for route in _callback(parts)]
    others: list[BaseRoute] = [*pushes]
    wenyan = wenyan_routes(
        *(parts.settings.wenyan, parts.work, parts.callers.authenticator),
        *(parts.signed, bodies, throttle),
    )
    authenticate = Middleware(AuthMiddleware, authenticate=parts.callers.authenticator.client)
    verify = Middleware(SignatureMiddleware, bodies=parts.signed)
    if parts.settings.mcp.enabled:
        from server.mcp_routes import mcp_routes  # the SDK behind it is slow to import

        others += mcp_routes(parts, bodies, throttle, [authenticate, verify])
    else:
        others.append(Route("/mcp", ClosedDoor("mcp")))
    ours = [
        # Before /v1: who logs in has no other credential yet.
        Mount("/v1/auth", Router(auth, redirect_slashes=False)),
        Mount("/v1", Router(v1, redirect_slashes=False), middleware=[authenticate, verify]),
        *wenyan,
        *others,
    ]
    relay = RelayRoute(parts.relay, parts.relay_segments)
    always = [*_public(parts), *_ops(parts)]
    app = Starlette(
        routes=routes_of(parts.us.place.role, relay, ours, always=always),
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.limiter = throttle.limiter  # where the handler of its errors looks
    app.router.redirect_slashes = False  # a redirect would name the Host that the caller sent
    return app


def _v1(parts: Parts, bodies: BodyBudget) -> list[ApiRoute]:
    texts = (parts.work.renderer, parts.work.templating.filler)
    render, lint = RenderHandler(*texts), LintHandler(*texts)
    stats = StatsHandler(parts.caches.fleet.snapshot, parts.accounts, parts.work.uploaded.entries)
    results = PublishingStatsHandler(parts.work.lists, parts.accounts, clock=time.time)
    errcodes = ErrcodesHandler(load_errcodes())
    limits = LimitsHandler(parts.limiter, parts.quota, parts.callers.clients, parts.accounts)
    accounts = AccountsHandler(parts.accounts, AccountFacts(parts.capabilities, parts.quota))
    return [
        ApiRoute("POST", "/render", render.render, about.RENDER),
        ApiRoute("GET", "/themes", ThemesHandler(parts.work.renderer).list, about.THEMES),
        ApiRoute("POST", "/lint", lint.lint, about.LINT),
        ApiRoute("GET", "/accounts", accounts.list, about.ACCOUNTS),
        *_jobs(parts),
        *_library(parts),
        ApiRoute("GET", "/stats/limits", limits.limits, about.STATS_LIMITS),
        ApiRoute("GET", "/stats/quota", limits.quota, about.STATS_QUOTA),
        ApiRoute("GET", "/stats/cache", stats.cache, about.STATS_CACHE),
        ApiRoute("GET", "/stats/calls", stats.calls, about.STATS_CALLS),
        ApiRoute("GET", "/stats/publishing", results.publishing, about.STATS_PUBLISHING),
        ApiRoute("GET", "/doctor", DoctorHandler(parts.checkup).get, about.DOCTOR),
        ApiRoute("GET", "/errcodes", errcodes.search, about.ERRCODES),
        ApiRoute("GET", "/errcodes/{errcode}", errcodes.get, about.ERRCODE),
        ApiRoute("GET", "/admin/audit", AuditHandler(parts.audit).list, about.AUDIT),
        *replica_routes(parts.us, parts.audit),
        *_articles(parts, bodies),
        *effect_routes(parts.work, parts.accounts),
        *webhook_routes(parts.work.telling.webhooks),
        *channel_routes(parts.notifying.channels, parts.notifying.channel_desk, parts.follow),
        *notification_routes(parts.notifying.sent, parts.audit),
        *_templates(parts),
        *_cache_admin(parts),
        *_clients(parts),
        *_admin_accounts(parts),
        *alert_routes(parts.notifying.alerting.desk),
    ]


def _articles(parts: Parts, bodies: BodyBudget) -> list[ApiRoute]:
    jobs = parts.settings.jobs
    articles = ArticlesHandler(
        *(parts.work.jobs, parts.accounts, bodies, parts.work.templating.filler),
        max_request_mb=jobs.max_request_mb,
        clock=time.time,
    )
    return [
        ApiRoute("POST", "/accounts/{account}/articles", articles.create, about.ARTICLE),
        *batch_routes(parts.work, parts.accounts, bodies, jobs),
        *_schedules(parts, bodies),
    ]


def _templates(parts: Parts) -> list[ApiRoute]:
    work = parts.work.templating.work
    book = TemplateBook(parts.database, parts.audit, work.inspect, clock=time.time)
    templates = TemplatesHandler(book, work)
    previews = PreviewHandler(book, work, parts.work.renderer, clock=time.time)
    one = "/templates/{name}"
    return [
        ApiRoute("GET", "/templates", templates.list, about_templates.TEMPLATES),
        ApiRoute("POST", "/templates", templates.create, about_templates.CREATE),
        # Before the templates: it is no name here.
        ApiRoute("POST", "/templates/preview", previews.unsaved, about_templates.TRY),
        ApiRoute("GET", one, templates.get, about_templates.TEMPLATE),
        ApiRoute("PUT", one, templates.save, about_templates.SAVE),
        ApiRoute("PATCH", one, templates.change, about_templates.CHANGE),
        ApiRoute("DELETE", one, templates.remove, about_templates.REMOVE),
        ApiRoute("GET", f"{one}/versions", templates.history, about_templates.VERSIONS),
        ApiRoute("GET", one + "/versions/{number}", templates.version, about_templates.VERSION),
        ApiRoute("GET", f"{one}/diff", templates.diff, about_templates.DIFF),
        ApiRoute("POST", f"{one}/rollback", templates.roll_back, about_templates.ROLLBACK),
        ApiRoute("POST", f"{one}/preview", previews.saved, about_templates.PREVIEW),
    ]


def _jobs(parts: Parts) -> list[ApiRoute]:
    jobs = JobsHandler(parts.work.jobs, parts.work.lists)
    lists = JobListsHandler(parts.work.lists, parts.accounts)
    changes = JobChangesHandler(
        *(parts.work.jobs, parts.work.lists, parts.work.timetable.rescheduling), clock=time.time
    )
    return [
        ApiRoute("GET", "/jobs", lists.list, about_jobs.JOBS),
        ApiRoute("GET", "/jobs/summary", lists.summary, about_jobs.SUMMARY),
        ApiRoute("GET", "/jobs/{job_id}", jobs.get, about.JOB),
        ApiRoute("GET", "/jobs/{job_id}/events", jobs.events, about.JOB_EVENTS),
        ApiRoute("GET", "/jobs/{job_id}/report", jobs.report, about_batches.REPORT),
        ApiRoute("POST", "/jobs/{job_id}/cancel", jobs.cancel, about.JOB_CANCEL),
        ApiRoute("POST", "/jobs/{job_id}/retry", jobs.retry, about.JOB_RETRY),
        ApiRoute("POST", "/jobs/{job_id}/approve", jobs.approve, about.JOB_APPROVE),
        ApiRoute("PATCH", "/jobs/{job_id}", changes.change, about_jobs.CHANGE),
    ]


def _schedules(parts: Parts, bodies: BodyBudget) -> list[ApiRoute]:
    jobs, timetable = parts.settings.jobs, parts.work.timetable
    planning = Planning(
        schedules=timetable.schedules,
        jobs=parts.work.jobs,
        drafts=timetable.drafts,
        least_s=jobs.min_interval_s,
        templates=parts.work.templating.filler,
    )
    schedules = SchedulesHandler(
        planning, parts.accounts, bodies, max_request_mb=jobs.max_request_mb, clock=time.time
    )
    all_of_them = "/accounts/{account}/schedules"
    one = f"{all_of_them}/{{schedule}}"
    return [
        ApiRoute("GET", all_of_them, schedules.list, about_schedules.LIST),
        ApiRoute("POST", all_of_them, schedules.create, about_schedules.CREATE),
        ApiRoute("GET", one, schedules.get, about_schedules.GET),
        ApiRoute("PATCH", one, schedules.change, about_schedules.CHANGE),
        ApiRoute("DELETE", one, schedules.remove, about_schedules.REMOVE),
        ApiRoute("POST", f"{one}/pause", schedules.pause, about_schedules.PAUSE),
        ApiRoute("POST", f"{one}/resume", schedules.resume, about_schedules.RESUME),
        ApiRoute("POST", f"{one}/run", schedules.run, about_schedules.RUN),
        ApiRoute("POST", f"{one}/approve", schedules.approve, about_schedules.APPROVE),
    ]


def _library(parts: Parts) -> list[ApiRoute]:
    routes = []
    for kind, told in about_library.OPERATIONS.items():
        held = LibraryHandler(parts.library, parts.accounts, kind)
        every = f"/accounts/{{account}}/{kind}s"
        one = f"{every}/{{id}}"
        routes += [
            ApiRoute("GET", every, held.list, told.every),
            ApiRoute("GET", one, held.get, told.one),
            ApiRoute("DELETE", one, held.delete, told.delete),
            ApiRoute("PATCH", one, held.tag, told.tag),
        ]
    return routes


def _cache_admin(parts: Parts) -> list[ApiRoute]:
    caches = CacheAdminHandler(parts.caches.fleet, parts.accounts, parts.audit, parts.caches.warms)
    one = "/admin/cache/{name}"
    return [
        ApiRoute("DELETE", one, caches.clear, about.CACHE_CLEAR),
        ApiRoute("POST", f"{one}/warm", caches.warm, about.CACHE_WARM),
    ]


def _auth(parts: Parts) -> list[ApiRoute]:
    auth = AuthHandler(parts.callers.sessions, parts.callers.authenticator)
    return [
        ApiRoute("POST", "/token", auth.token, about.AUTH_TOKEN),
        ApiRoute("POST", "/refresh", auth.refresh, about.AUTH_REFRESH),
        ApiRoute("POST", "/revoke", auth.revoke, about.AUTH_REVOKE),
    ]


def _clients(parts: Parts) -> list[ApiRoute]:
    clients = ClientsHandler(parts.callers.book, parts.follow)
    one, keys = "/admin/clients/{client}", "/admin/clients/{client}/keys"
    return [
        ApiRoute("GET", "/admin/clients", clients.list, about.CLIENTS),
        ApiRoute("POST", "/admin/clients", clients.create, about.CLIENT_CREATE),
        ApiRoute("GET", one, clients.get, about.CLIENT),
        ApiRoute("PATCH", one, clients.change, about.CLIENT_CHANGE),
        ApiRoute("DELETE", one, clients.remove, about.CLIENT_REMOVE),
        ApiRoute("POST", keys, clients.rotate, about.CLIENT_ROTATE),
        ApiRoute("DELETE", keys + "/{key}", clients.revoke, about.CLIENT_REVOKE),
    ]


def _admin_accounts(parts: Parts) -> list[ApiRoute]:
    facts = AccountFacts(parts.capabilities, parts.quota)
    accounts = AdminAccountsHandler(parts.account_book, parts.follow, parts.accounts, facts)
    probe = ProbeHandler(parts.prober).probe
    all_of_them, one = "/admin/accounts", "/admin/accounts/{name}"
    return [
        ApiRoute("GET", all_of_them, accounts.list, about_accounts.ADMIN_ACCOUNTS),
        ApiRoute("POST", all_of_them, accounts.create, about_accounts.ADMIN_ACCOUNT_CREATE),
        ApiRoute("GET", one, accounts.get, about_accounts.ADMIN_ACCOUNT),
        ApiRoute("PATCH", one, accounts.change, about_accounts.ADMIN_ACCOUNT_CHANGE),
        ApiRoute("DELETE", one, accounts.remove, about_accounts.ADMIN_ACCOUNT_REMOVE),
        ApiRoute("POST", f"{one}/probe", probe, about_accounts.ADMIN_ACCOUNT_PROBE),
    ]


def _public(parts: Parts) -> list[ApiRoute]:
    health = HealthHandler(
        {"store": store_check(parts.database)}, lambda: parts.work.engine.draining
    )
    return [
        ApiRoute("GET", "/health", health.live, about.LIVE),
        ApiRoute("GET", "/health/live", health.live, about.LIVE),
        ApiRoute("GET", "/health/ready", health.ready, about.READY),
    ]


def _callback(parts: Parts) -> list[ApiRoute]:
    def count(account: str, outcome: str) -> None:
        parts.metrics.pushes.labels(account, outcome).inc()

    callback = CallbackHandler(
        *(parts.accounts, parts.work.telling.inbox, count),
        tolerance_s=parts.settings.callback.tolerance_s,
        clock=time.time,
    )
    return [
        ApiRoute("GET", "/callback/{account}", callback.check, about_pushes.CHECK),
        ApiRoute("POST", "/callback/{account}", callback.push, about_pushes.PUSH),
    ]


def _ops(parts: Parts) -> list[ApiRoute]:
    guard = [
        Middleware(
            OpsMiddleware,
            authenticate=parts.callers.authenticator.client,
            networks=parts.settings.server.ops_networks,
        ),
        Middleware(SignatureMiddleware, bodies=parts.signed),
    ]
    docs = DocsHandler(version=version("wxgate"), url=parts.settings.server.public_url)
    return [
        ApiRoute("GET", "/metrics", MetricsHandler(parts.metrics).get, about.METRICS, guard),
        ApiRoute("GET", "/openapi.json", docs.openapi, about.OPENAPI, guard),
        ApiRoute("GET", "/docs", docs.page, about.DOCS, guard),
        ApiRoute("GET", "/docs/{name}", docs.file, about.DOCS_FILE, guard),
    ]
