"""The composition root: the one place that names concrete classes and joins them."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp

from accounts.account_book import AccountBook
from accounts.account_secrets import AccountSecrets
from accounts.audit import AuditLog
from accounts.client_keys import ClientKeys
from accounts.clients import Clients
from accounts.master_key import Sealer, load_master_key
from accounts.official import Accounts
from cache.call_stats import CallStats
from cache.connecting import open_nodes
from cache.eviction import warn_of_eviction
from cache.fleet import Clear, Fleet
from cache.keys import Keys
from cache.redis import RedisLink
from cache.responses import ResponseStore
from cache.stats import CacheStatistics
from core.crash import CrashPoint, no_crash
from core.metrics import Metrics
from core.tasks import TaskSet
from handlers.areas import Segments
from handlers.relay import Relay, Stages
from handlers.token_calls import TokenCalls
from jobs.engine import Engine
from jobs.library import Library
from jobs.service import Jobs
from jobs.webhooks import Secrecy
from notify.happening import Tell
from proxy.aiohttp_upstream import open_upstream
from proxy.auth import Authenticator
from proxy.budget import RetryBudgets
from proxy.call import Calls, WeChatFacts
from proxy.capabilities import Capabilities, Prober
from proxy.exchange import Exchanger
from proxy.hosts import Hosts
from proxy.latency import LatencyProbe
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.responses import CachedCalls
from proxy.retry import Retrier
from proxy.routing import Router
from proxy.signed_body import SignedBodies
from proxy.stable_token import PATH as STABLE_TOKEN
from proxy.stable_token import StableToken
from proxy.tokens import TokenBooks, TokenService
from proxy.upstream import Upstream
from server.alarming import open_alarms
from server.alerting import CountedCalls
from server.backup.opening import backing_up
from server.cache_control import (
    CacheControl,
    clears_of,
    limit_clears,
    open_fleet,
    render_clears,
    warms_of,
)
from server.callers import Callers, open_callers, read_bodies
from server.data_dir import make_data_dir
from server.examiner import open_checkup
from server.following import (
    follow_accounts,
    follow_capabilities,
    follow_clients,
    following,
    probing,
)
from server.layers import Layers, relay_segments
from server.library import open_library
from server.limiting import Common, open_counters, open_limiter
from server.notifying import Kept, Notifying, open_notifying
from server.reload import InForce, Names, Reloader, make_reloader
from server.replicas import ALONE, Fellowship, Place, open_fellowship
from server.response_cache import make_response_cache
from server.routes import Parts, build_app
from server.settings import Settings
from server.store import open_store
from server.token_stores import open_tokens
from server.work import WeChat, Work, open_work
from store.engine import Database
from store.images import UploadedImages
from store.lock import lock_data_dir
from store.watch import Watcher
from wechat.catalogue import load_catalogue
from wechat.errcodes import load_errcodes


@dataclass(frozen=True)
class Gateway:
    """A composed gateway."""

    app: ASGIApp  # with the layers around it
    forwarded: ASGIApp  # what the forward proxy reaches
    authenticator: Authenticator
    starlette: Starlette
    engine: Engine
    jobs: Jobs
    metrics: Metrics
    reloader: Reloader


@dataclass(frozen=True)
class _Upstream:
    """The way to WeChat, and what is kept about it."""

    accounts: Accounts
    calls: Calls
    tokens: TokenService
    upstream: Upstream
    quota: QuotaLedger
    caches: CacheStatistics
    metrics: Metrics
    link: RedisLink | None
    responses: ResponseStore
    cached: CachedCalls
    capabilities: Capabilities
    answered: CallStats
    tell: Tell

    @property
    def ways(self) -> tuple[Accounts, Calls, Upstream]:
        """What the doctor examines."""
        return self.accounts, self.calls, self.upstream

    @property
    def for_jobs(self) -> WeChat:
        """What jobs work with."""
        return WeChat(self.accounts, self.calls, self.caches, self.metrics, self.tell)


@asynccontextmanager
async def open_gateway(settings: Settings, place: Place = ALONE) -> AsyncIterator[Gateway]:
    """Open all that a gateway needs, in order; close it in reverse, after a failed start too.

    Raises GatewayErrors whose texts tell the operator what to mend.
    """
    make_data_dir(settings.server.data_dir)
    sealer = Sealer(master_key := load_master_key(settings.secrets, settings.server.data_dir))
    async with AsyncExitStack() as stack:
        if not settings.database.url.get_secret_value():
            stack.enter_context(lock_data_dir(settings.server.data_dir))
        database = await stack.enter_async_context(open_store(settings))
        watcher, in_force = Watcher(database), InForce(settings)
        reached = open_wechat(settings, sealer, place.crash, database)
        wechat = await stack.enter_async_context(reached)
        joined = open_fellowship(in_force.get, database, sealer, wechat.link, place)
        us = await stack.enter_async_context(joined)
        await stack.enter_async_context(_backups(settings, database, wechat, us))
        secrets = AccountSecrets(sealer)
        await follow_accounts(watcher, database, secrets, wechat.accounts, wechat.tokens)
        secrecy = Secrecy(sealer, audit := AuditLog(database, master_key, clock=time.time))
        callers = await stack.enter_async_context(
            open_callers(settings, wechat.accounts, watcher, database, master_key, audit)
        )
        made = await stack.enter_async_context(
            open_work(settings, database, wechat.for_jobs, callers.clients, secrecy, us)
        )
        kept = Kept(database, watcher, secrecy)
        told = await stack.enter_async_context(_notifying(settings, kept, wechat, made, us))
        library = await stack.enter_async_context(_library(settings, database, wechat, made, audit))
        signed, relayed = read_bodies(settings, wechat.caches, wechat.link)
        checkup = await stack.enter_async_context(open_checkup(in_force, wechat.ways, wechat.link))
        prober = await stack.enter_async_context(_open_prober(settings, watcher, database, wechat))
        limiter = await stack.enter_async_context(_open_limiter(settings, wechat, us, database))
        more = _clears(limiter, wechat, callers, made)
        fleet = await stack.enter_async_context(_open_fleet(settings, wechat, made.uploaded, more))
        parts = Parts(
            settings=settings,
            accounts=wechat.accounts,
            callers=callers,
            follow=watcher.catch_up,
            signed=signed,
            work=made,
            us=us,
            library=library,
            notifying=told,
            limiter=limiter,
            quota=wechat.quota,
            capabilities=wechat.capabilities,
            prober=prober,
            caches=_cache_control(fleet, wechat, callers),
            metrics=wechat.metrics,
            database=database,
            audit=audit,
            account_book=AccountBook(database, secrets, audit, wechat.accounts, clock=time.time),
            checkup=checkup,
            relay=_relay(settings, wechat, callers, limiter, relayed, made),
            relay_segments=Segments(relay_segments(settings)),
        )
        await stack.enter_async_context(following(watcher))
        yield _joined(parts, in_force, wechat, made.engine)


def _notifying(
    settings: Settings, kept: Kept, wechat: _Upstream, made: Work, us: Fellowship
) -> AbstractAsyncContextManager[Notifying]:
    sent = (made.templating.work, us, wechat.tell)
    return open_notifying(settings, kept, *sent, wechat=wechat.for_jobs)


def _open_limiter(
    settings: Settings, wechat: _Upstream, us: Fellowship, database: Database
) -> AbstractAsyncContextManager[Limiter]:
    common = Common(wechat.link, database, us.gateways(settings), us.clock)
    return open_limiter(settings, common, wechat.quota, wechat.caches)


def _clears(
    limiter: Limiter, wechat: _Upstream, callers: Callers, made: Work
) -> Mapping[str, Clear]:
    windows = limit_clears(limiter, wechat.accounts, lambda: callers.clients)
    return windows | render_clears(made.renderer)


def _library(
    settings: Settings, database: Database, wechat: _Upstream, made: Work, audit: AuditLog
) -> AbstractAsyncContextManager[Library]:
    return open_library(settings.library, database, wechat.calls, made.uploaded, audit)


def _joined(parts: Parts, in_force: InForce, wechat: _Upstream, engine: Engine) -> Gateway:
    starlette = build_app(parts)
    layers = Layers(
        *(starlette, parts.relay, parts.settings, parts.metrics, parts.relay_segments),
        CountedCalls(wechat.answered, parts.notifying.alerting.traffic),
    )
    reloader = make_reloader(in_force, parts, wechat.tokens, layers)
    return Gateway(
        *(layers.app, layers.forwarded, parts.callers.authenticator, starlette, engine),
        *(parts.work.jobs, parts.metrics, reloader),
    )


@asynccontextmanager
async def open_worker(settings: Settings, place: Place = ALONE) -> AsyncIterator[Reloader]:
    """What works on jobs and answers nobody; yields what takes a changed configuration up."""
    make_data_dir(settings.server.data_dir)
    sealer = Sealer(master_key := load_master_key(settings.secrets, settings.server.data_dir))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_store(settings))
        secrecy = Secrecy(sealer, audit := AuditLog(database, master_key, clock=time.time))
        wechat = await stack.enter_async_context(open_wechat(settings, sealer, no_crash, database))
        in_force = InForce(settings)
        joined = open_fellowship(in_force.get, database, sealer, wechat.link, place)
        us = await stack.enter_async_context(joined)
        watcher = Watcher(database)
        await follow_accounts(
            watcher, database, AccountSecrets(sealer), wechat.accounts, wechat.tokens
        )
        await stack.enter_async_context(_backups(settings, database, wechat, us))
        clients = Clients(settings.clients)
        await follow_clients(watcher, database, ClientKeys(sealer, time.time), clients)
        follow_capabilities(watcher, database, wechat.capabilities)
        await stack.enter_async_context(following(watcher))
        made = await stack.enter_async_context(
            open_work(settings, database, wechat.for_jobs, clients, secrecy, us)
        )
        await stack.enter_async_context(_open_fleet(settings, wechat, made.uploaded, {}))
        kept = Kept(database, watcher, secrecy)
        told = await stack.enter_async_context(_notifying(settings, kept, wechat, made, us))
        names = Names(clients, wechat.accounts, wechat.tokens, told)
        yield Reloader(in_force, names, audit)


def _backups(
    settings: Settings, database: Database, wechat: _Upstream, us: Fellowship
) -> AbstractAsyncContextManager[None]:
    told = (wechat.tell, wechat.metrics)
    return backing_up(settings, database, *told, works=us.place.role.works, clock=us.clock)


def _open_prober(
    settings: Settings, watcher: Watcher, database: Database, wechat: _Upstream
) -> AbstractAsyncContextManager[Prober]:
    follow_capabilities(watcher, database, known := wechat.capabilities)
    prober = Prober(database, wechat.calls, wechat.accounts, known, clock=time.time)
    return probing(prober, by_itself=settings.server.probe_accounts)


@asynccontextmanager
async def open_wechat(
    settings: Settings, sealer: Sealer | None, crash: CrashPoint, database: Database | None = None
) -> AsyncIterator[_Upstream]:
    """Tokens, quota ledger and calls, on Redis and `database` where there are such.

    Tokens are kept under `sealer`; without one no earlier token is used, and WeChat is asked. What
    people should know is written to `database`.
    """
    async with AsyncExitStack() as stack:
        metrics, answered = Metrics(), CallStats()
        alarms = await open_alarms(stack, database, metrics)
        caches = CacheStatistics(metrics)
        caches.add_section("calls", answered.describe)
        accounts = Accounts(settings.accounts)
        link = await _open_link(stack, settings, caches)
        keys = Keys(settings.redis.prefix)
        counters, months = await stack.enter_async_context(open_counters(link, keys))
        tasks = TaskSet()
        store = await open_tokens(settings, sealer, link, database, caches, tasks)
        capabilities = Capabilities()
        quota = QuotaLedger(counters, months=months, probed=capabilities.quota, alarms=alarms)
        upstream = await stack.enter_async_context(open_upstream(settings.upstream, crash=crash))
        facts = WeChatFacts(load_catalogue(), load_errcodes())
        hosts = Hosts.of(settings.upstream, metrics, alarms=alarms)
        exchanger = Exchanger(upstream, quota, metrics, alarms=alarms)
        retrier = Retrier(RetryBudgets(), metrics)
        stack.push_async_callback(tasks.aclose)  # before what they call is closed
        tokens = TokenService(
            store,
            StableToken(exchanger, hosts.api, facts.catalogue.find(STABLE_TOKEN), retrier),
            settings.tokens,
            books=TokenBooks(counters, caches.register("token", "local"), metrics, alarms),
            tasks=tasks,
        )
        caches.add_section("tokens", lambda: tokens.describe(accounts))
        caches.add_section("upstream", lambda: hosts.describe(accounts))
        if settings.upstream.prefer == "latency" and len(hosts.api) > 1:
            tasks.start(LatencyProbe(settings.upstream).keep_ranking(hosts.api), name="rank hosts")
        if link is not None:
            tasks.start(warn_of_eviction(link), name="look at redis")
        responses = make_response_cache(
            *(settings.cache, caches, tasks),
            shared=(link, keys, sealer) if link is not None and sealer is not None else None,
            alone=not settings.database.url.get_secret_value(),
        )
        watched = responses.watched(exchanger)
        calls = Calls(hosts, facts, accounts, tokens, watched, retrier)
        yield _Upstream(
            *(accounts, calls, tokens, upstream, quota, caches, metrics, link),
            *(responses.store, responses.calls(calls), capabilities, answered, alarms.tell),
        )


def _open_fleet(
    settings: Settings, wechat: _Upstream, images: UploadedImages, more: Mapping[str, Clear]
) -> AbstractAsyncContextManager[Fleet]:
    clears = {**clears_of(wechat.tokens, wechat.responses, images, wechat.accounts), **more}
    shared = None if wechat.link is None else (wechat.link, Keys(settings.redis.prefix))
    return open_fleet(wechat.caches, clears, shared)


def _cache_control(fleet: Fleet, wechat: _Upstream, callers: Callers) -> CacheControl:
    warms = warms_of(wechat.tokens, wechat.cached, load_catalogue(), lambda: callers.clients)
    return CacheControl(fleet, warms)


async def _open_link(
    stack: AsyncExitStack, settings: Settings, caches: CacheStatistics
) -> RedisLink | None:
    if not settings.redis.url.get_secret_value():
        return None
    link = RedisLink(await stack.enter_async_context(open_nodes(settings.redis)))
    caches.add_redis(link)
    return link


def _relay(
    settings: Settings,
    wechat: _Upstream,
    callers: Callers,
    limiter: Limiter,
    bodies: SignedBodies,
    work: Work,
) -> Relay:
    return Relay(
        Stages(
            router=Router(settings.relay, load_catalogue()),
            authenticator=callers.authenticator,
            limiter=limiter,
            bodies=bodies,
            token_calls=TokenCalls(callers.authenticator, bodies, wechat.tokens, callers.virtual),
            calls=wechat.cached,
            errcodes=load_errcodes(),
            journal=work.relay_journal,
            care=work.relay_care,
        )
    )
