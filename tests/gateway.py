"""The relay with all its parts, as the process joins them; for tests and benchmarks."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from accounts.clients import Client, Clients, Scope
from accounts.master_key import Sealer
from accounts.official import Accounts, OfficialAccount
from cache.counters import DailyCounters, MemoryCounters, SharedCounters
from cache.keys import Keys
from cache.nonces import MemoryNonces
from cache.redis import RedisLink, open_redis
from cache.redis_tokens import FallbackTokenStore, RedisTokenStore
from cache.settings import RedisSettings
from cache.stats import CacheStatistics
from cache.tokens import MemoryTokenStore, TokenStore
from core.clock import Clock, Clocks
from core.crash import CrashPoint, no_crash
from core.metrics import Metrics
from core.tasks import TaskSet
from handlers.relay import Relay
from handlers.token_calls import TokenCalls
from proxy.aiohttp_upstream import AiohttpUpstream, open_upstream
from proxy.auth import Authenticator, Checks
from proxy.body import BodyReader
from proxy.breaker import BreakerRules
from proxy.budget import RetryBudgets
from proxy.call import Calls, Hosts, WeChatFacts
from proxy.exchange import Exchanger
from proxy.lockout import AuthSettings, Lockout
from proxy.quota import QuotaLedger
from proxy.replay import ReplayGuard
from proxy.retry import Retrier
from proxy.routing import RelaySettings, Router
from proxy.signature import SignatureVerifier
from proxy.signed_body import SignedBodies
from proxy.spool import Spool
from proxy.stable_token import PATH as STABLE_TOKEN
from proxy.stable_token import StableToken
from proxy.tokens import TokenBooks, TokenService, TokenSettings
from proxy.upstream import UpstreamSettings
from proxy.virtual_tokens import VirtualTokens
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


_RELAY, _TOKENS = RelaySettings(), TokenSettings()


@dataclass(frozen=True)
class Setup:
    """What a test may want otherwise."""

    upstream: UpstreamSettings
    data_dir: Path
    redis_url: str = ""
    relay: RelaySettings = _RELAY
    tokens: TokenSettings = _TOKENS
    accounts: tuple[OfficialAccount, ...] = (MAIN, PERSONAL)
    clients: tuple[Client, ...] = CLIENTS
    breaker: BreakerRules | None = None
    crash: CrashPoint = no_crash
    clock: Clock = time.time


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
    statistics: CacheStatistics
    metrics: Metrics
    spool: Spool

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A caller in process."""
        transport = httpx.ASGITransport(self.relay)
        return httpx.AsyncClient(transport=transport, base_url="http://gate", headers=headers)


@asynccontextmanager
async def open_gateway(setup: Setup) -> AsyncIterator[Gateway]:
    """Open the parts in order, close them in reverse."""
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        statistics = CacheStatistics(metrics, clock=setup.clock)
        sealer = Sealer(b"0" * 32)
        accounts, clients = Accounts(setup.accounts), Clients(setup.clients)
        tasks = TaskSet()
        store, counters = await _open_cache(stack, setup, statistics, sealer)
        stack.push_async_callback(tasks.aclose)
        quota = QuotaLedger(counters, clock=setup.clock)
        upstream = await stack.enter_async_context(open_upstream(setup.upstream, crash=setup.crash))
        retrier = Retrier(RetryBudgets(), metrics)
        facts = WeChatFacts(load_catalogue(), load_errcodes())
        hosts = Hosts.of(setup.upstream, metrics, setup.breaker)
        exchanger = Exchanger(upstream, quota, metrics)
        tokens = TokenService(
            store,
            StableToken(exchanger, hosts.api, facts.catalogue.find(STABLE_TOKEN), retrier),
            setup.tokens,
            books=TokenBooks(counters, statistics.register("token", "process"), metrics),
            tasks=tasks,
            clocks=Clocks(setup.clock, time.monotonic),
        )
        statistics.add_section("tokens", lambda: tokens.describe(accounts))
        statistics.add_section("upstream", lambda: hosts.describe(accounts))
        calls = Calls(hosts, facts, accounts, tokens, exchanger, retrier)
        virtual = VirtualTokens(sealer, clients, clock=setup.clock)
        verifier = SignatureVerifier(clients.signing_keys, clock=setup.clock)
        checks = Checks(verifier, Lockout(AuthSettings()))
        authenticator = Authenticator(clients, accounts, virtual, checks=checks)
        spool = Spool(setup.data_dir / "tmp", max_bytes=setup.relay.spool_max_mb * 1_000_000)
        replays = ReplayGuard(MemoryNonces(300, statistics.register, clock=setup.clock))
        bodies = SignedBodies(BodyReader(spool, max_body_mb=setup.relay.max_body_mb), replays)
        token_calls = TokenCalls(authenticator, bodies, tokens, virtual, clock=setup.clock)
        router = Router(setup.relay, facts.catalogue)
        relay = Relay(router, authenticator, bodies, token_calls, calls, facts.errcodes)
        yield Gateway(
            *(relay, calls, hosts, tokens, upstream, authenticator, virtual, quota),
            *(statistics, metrics, spool),
        )


async def _open_cache(
    stack: AsyncExitStack, setup: Setup, statistics: CacheStatistics, sealer: Sealer
) -> tuple[TokenStore, DailyCounters]:
    local = MemoryTokenStore(statistics.register, clock=setup.clock)
    if not setup.redis_url:
        return local, MemoryCounters()
    settings = RedisSettings(url=SecretStr(setup.redis_url))
    redis = open_redis(settings)
    stack.push_async_callback(redis.aclose)
    link, keys = RedisLink(redis, clock=setup.clock), Keys(settings.prefix)
    statistics.add_redis(link)
    shared = RedisTokenStore(link, keys, sealer, statistics.register, clock=setup.clock)
    counters = await stack.enter_async_context(SharedCounters(link, keys))
    return FallbackTokenStore(shared, local), counters
