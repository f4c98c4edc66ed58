"""The relay with all its parts, as the process joins them; for tests and benchmarks."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pydantic import SecretStr

from accounts.audit import AuditEntry
from accounts.clients import Client, Clients, Scope
from accounts.master_key import Sealer
from accounts.official import Accounts, OfficialAccount
from cache.connecting import open_nodes
from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.fallback_tokens import FallbackTokenStore
from cache.keys import Keys
from cache.nonces import MemoryNonces
from cache.redis import RedisLink
from cache.redis_tokens import RedisTokenStore
from cache.responses import ResponseStore
from cache.settings import CacheSettings, RedisSettings
from cache.stats import CacheStatistics, CacheStats
from cache.tokens import MemoryTokenStore, TokenStore
from cache.windows import MemoryWindows
from core.clock import Clock, Clocks
from core.crash import CrashPoint, no_crash
from core.metrics import Metrics
from core.tasks import TaskSet
from handlers.relay import Relay, Stages
from handlers.relay_journal import Notes, RelayJournal
from handlers.token_calls import TokenCalls
from notify.happening import Tell, tell_nobody
from proxy.aiohttp_upstream import AiohttpUpstream, open_upstream
from proxy.alarms import Alarms
from proxy.auth import Authenticator, Checks
from proxy.body import BodyReader
from proxy.breaker import BreakerRules
from proxy.budget import RetryBudgets
from proxy.call import Calls, WeChatFacts
from proxy.exchange import Exchanger
from proxy.hosts import Hosts
from proxy.lockout import AuthSettings, Lockout
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter
from proxy.replay import ReplayGuard
from proxy.responses import CachedCalls
from proxy.retry import Retrier
from proxy.routing import RelaySettings, Router
from proxy.rulebook import Rulebook
from proxy.signature import SignatureVerifier
from proxy.signed_body import SignedBodies
from proxy.spool import Spool
from proxy.stable_token import PATH as STABLE_TOKEN
from proxy.stable_token import StableToken
from proxy.tokens import TokenBooks, TokenService, TokenSettings
from proxy.upstream import UpstreamSettings
from proxy.virtual_tokens import VirtualTokens
from server.response_cache import make_response_cache
from wechat.catalogue import load_catalogue
from wechat.errcodes import load_errcodes

MAIN = OfficialAccount(
    name="main",
    app_id="wx5a4db0c0ffee0001",
    app_secret=SecretStr("sandbox-secret-verified-0000001"),
)
PERSONAL = OfficialAccount(
    name="personal",
    app_id="wx5a4db0c0ffee0002",
    app_secret=SecretStr("sandbox-secret-personal-0000002"),
)
KEY = "wxg_blog_0123456789abcdefghijklmnop"
READER_KEY = "wxg_reader_0123456789abcdefghijklmn"
BOTH_KEY = "wxg_both_0123456789abcdefghijklmnop"
_ALL = frozenset(Scope) - {Scope.ADMIN}
CLIENTS = (
    Client(id="blog", key=SecretStr(KEY), accounts=("main",), scopes=_ALL),
    Client(
        id="reader",
        key=SecretStr(READER_KEY),
        accounts=("main",),
        scopes=frozenset({Scope.RELAY_READ}),
    ),
    Client(id="both", key=SecretStr(BOTH_KEY), accounts=("main", "personal"), scopes=_ALL),
)


_RELAY, _TOKENS, _CACHE = (
    RelaySettings(),
    TokenSettings(),
    CacheSettings(response=False),  # most tests count the calls that reach WeChat
)


class Forgetful:
    """Takes the notes of a relay that has no store."""

    async def note(self, entry: AuditEntry) -> None:
        del entry


def limit_stats() -> CacheStats:
    """Where a limiter counts, for tests that do not look."""
    return CacheStatistics(Metrics()).register("limit", "memory")


@dataclass(frozen=True)
class Setup:
    """What a test may want otherwise."""

    upstream: UpstreamSettings
    data_dir: Path
    redis_url: str = ""
    redis_patience_s: float = 0.3  # for one command; a machine under load may need more
    relay: RelaySettings = _RELAY
    tokens: TokenSettings = _TOKENS
    accounts: tuple[OfficialAccount, ...] = (MAIN, PERSONAL)
    clients: tuple[Client, ...] = CLIENTS
    breaker: BreakerRules | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    crash: CrashPoint = no_crash
    clock: Clock = time.time
    cache: CacheSettings = _CACHE
    audit: Notes = field(default_factory=Forgetful)
    tell: Tell = tell_nobody


@dataclass(frozen=True)
class Gateway:
    """A relay that can be called, and its insides."""

    relay: Relay
    calls: Calls
    hosts: Hosts
    tokens: TokenService
    upstream: AiohttpUpstream
    authenticator: Authenticator
    virtual: VirtualTokens
    quota: QuotaLedger
    limiter: Limiter
    statistics: CacheStatistics
    metrics: Metrics
    spool: Spool
    responses: ResponseStore
    cached: CachedCalls

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A caller in process."""
        transport = httpx.ASGITransport(self.relay)
        return httpx.AsyncClient(transport=transport, base_url="http://gate", headers=headers)


@asynccontextmanager
async def open_gateway(setup: Setup) -> AsyncIterator[Gateway]:
    """Open the parts in order, close them in reverse."""
    async with AsyncExitStack() as stack:
        metrics, alarms = Metrics(), Alarms(setup.tell)
        statistics = CacheStatistics(metrics, clock=setup.clock)
        sealer = Sealer(b"0" * 32)
        accounts, clients = Accounts(setup.accounts), Clients(setup.clients)
        tasks = TaskSet()
        shared = await _open_shared(stack, setup, statistics, sealer)
        store, counters = await _open_cache(stack, setup, statistics, shared)
        stack.push_async_callback(tasks.aclose)
        quota = QuotaLedger(counters, alarms=alarms, clock=setup.clock)
        upstream = await stack.enter_async_context(open_upstream(setup.upstream, crash=setup.crash))
        retrier = Retrier(RetryBudgets(), metrics)
        facts = WeChatFacts(load_catalogue(), load_errcodes())
        hosts = Hosts.of(setup.upstream, metrics, setup.breaker, alarms)
        exchanger = Exchanger(upstream, quota, metrics, alarms=alarms)
        tokens = TokenService(
            store,
            StableToken(exchanger, hosts.api, facts.catalogue.find(STABLE_TOKEN), retrier),
            setup.tokens,
            books=TokenBooks(counters, statistics.register("token", "process"), metrics, alarms),
            tasks=tasks,
            clocks=Clocks(setup.clock, time.monotonic),
        )
        statistics.add_section("tokens", lambda: tokens.describe(accounts))
        statistics.add_section("upstream", lambda: hosts.describe(accounts))
        responses = make_response_cache(setup.cache, statistics, tasks, shared=shared, alone=True)
        watched = responses.watched(exchanger)
        calls = Calls(hosts, facts, accounts, tokens, watched, retrier)
        virtual = VirtualTokens(sealer, clients, clock=setup.clock)
        verifier = SignatureVerifier(clients.signing_keys, clock=setup.clock)
        checks = Checks(verifier, Lockout(AuthSettings()))
        authenticator = Authenticator(clients, accounts, virtual, checks=checks)
        spool = Spool(setup.data_dir / "tmp", max_bytes=setup.relay.spool_max_mb * 1_000_000)
        replays = ReplayGuard(MemoryNonces(300, statistics.register, clock=setup.clock))
        bodies = SignedBodies(BodyReader(spool, max_body_mb=setup.relay.max_body_mb), replays)
        token_calls = TokenCalls(authenticator, bodies, tokens, virtual, clock=setup.clock)
        router = Router(setup.relay, facts.catalogue)
        limiter = Limiter(
            MemoryWindows(monotonic=setup.clock),
            Rulebook(setup.limits, quota),
            quota,
            metrics,
            statistics.register("limit", "memory"),
        )
        cached = responses.calls(calls)
        stages = Stages(
            *(router, authenticator, limiter, bodies, token_calls, cached, facts.errcodes),
            RelayJournal(setup.audit),
        )
        relay = Relay(stages)
        yield Gateway(
            *(relay, calls, hosts, tokens, upstream, authenticator, virtual, quota, limiter),
            *(statistics, metrics, spool, responses.store, cached),
        )


async def _open_shared(
    stack: AsyncExitStack, setup: Setup, statistics: CacheStatistics, sealer: Sealer
) -> tuple[RedisLink, Keys, Sealer] | None:
    if not setup.redis_url:
        return None
    settings = RedisSettings(
        url=SecretStr(setup.redis_url),
        socket_timeout_s=setup.redis_patience_s,
        connect_timeout_s=setup.redis_patience_s,
    )
    nodes = await stack.enter_async_context(open_nodes(settings))
    link = RedisLink(nodes, clock=setup.clock)
    statistics.add_redis(link)
    return link, Keys(settings.prefix), sealer


async def _open_cache(
    stack: AsyncExitStack,
    setup: Setup,
    statistics: CacheStatistics,
    shared: tuple[RedisLink, Keys, Sealer] | None,
) -> tuple[TokenStore, DailyCounters]:
    local = MemoryTokenStore(statistics.register, clock=setup.clock)
    if shared is None:
        return local, MemoryCounters()
    store = RedisTokenStore(*shared, statistics.register, clock=setup.clock)
    counters = await stack.enter_async_context(SharedCounters(*shared[:2]))
    return FallbackTokenStore(store, local), counters
