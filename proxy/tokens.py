import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import structlog
from pydantic import BaseModel, ConfigDict, Field

from accounts.official import OfficialAccount
from cache.counters import DailyCounters
from cache.stats import CacheStats
from cache.tokens import NO_EPOCH, AccessToken, Lease, TokenStore
from core.clock import SYSTEM_CLOCKS, Clocks, shanghai_day
from core.errors import Category, GatewayError, Text
from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.alarms import SILENT, Alarms
from proxy.deadline import Deadline, DeadlineExceeded
from proxy.stable_token import AccountMisconfigured, FetchedToken, TokenUnavailable
from wechat.limits import FORCED_REFRESH_GAP_S, FORCED_REFRESHES_A_DAY

log = structlog.get_logger(__name__)

_LEASE_S = 10.0  # outlives one fetch, which stable_token.py bounds to 8 s
_RENEWAL_LEASE_S = 18.0  # outlives the two of a renewal
_POLL_S, _QUICK_POLLS = 0.02, 50  # most fetches are over by then
_SLOW_POLL_S = 0.1  # each may be two transactions, where Redis is away
_POLLS = 240  # about 20 s: longer than the lease of a holder that was killed
_AHEAD_GAP_S = 10.0  # when WeChat has not renewed yet, ask again no sooner
_REFUSED_S = 3.0  # a refusal that needs a person is remembered this long
_FORCED = "force_refresh"  # its name in the daily counters


class TokenSettings(BaseModel):
    """`[tokens]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    refresh_margin_s: float = Field(
        300, gt=0, lt=3_600, description="refresh this long before expiry, in the background"
    )
    local_copy_s: float = Field(
        30, ge=0, le=60, description="use a token this long without asking Redis or PostgreSQL"
    )


class TokenConflict(GatewayError):
    """WeChat refuses token after token: somebody else keeps replacing them."""

    status = 503
    code = "token_conflict"
    category: ClassVar[Category] = "auth"
    level = "critical"
    retryable = True
    message = Text(
        "公众号 {account} 的 access_token 反复失效", "account {account}: token after token fails"
    )
    hint = Text(
        "可能有别的系统在强制刷新同一公众号的 token，或 AppSecret 刚被重置；"
        "wxgate 每 30 秒最多刷新一次，每天最多强制刷新 20 次",
        "another system may be forcing refreshes for this account, or the AppSecret was reset; "
        "wxgate refreshes at most once in 30 s, and forces it at most 20 times a day",
    )


class TokenSource(Protocol):
    """Where tokens come from; `proxy.stable_token.StableToken`."""

    async def fetch(self, account: OfficialAccount, *, force: bool) -> FetchedToken:
        """A token; `force` makes a new one even if WeChat has a good one."""
        ...


@dataclass(frozen=True, slots=True)
class TokenBooks:
    """Where the TokenService writes down what it does."""

    counters: DailyCounters
    stats: CacheStats
    metrics: Metrics
    alarms: Alarms = SILENT


@dataclass(slots=True)
class _Copy:
    token: AccessToken
    checked_at: float


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """Why an account gets no token above an epoch, known for some time."""

    error: GatewayError
    above: int
    until: float  # monotonic


class TokenService:
    """Hands out access_tokens; asks WeChat only when no replica has a good one.

    In this process one task per account looks for a token, whoever waits; among replicas a lease
    lets one fetch while the others poll the store. A warm token costs no Redis command.
    """

    def __init__(
        self,
        store: TokenStore,
        source: TokenSource,
        settings: TokenSettings,
        *,
        books: TokenBooks,
        tasks: TaskSet,
        clocks: Clocks = SYSTEM_CLOCKS,
    ) -> None:
        self._store = store
        self._source = source
        self._settings = settings
        self._counters = books.counters
        self._stats = books.stats
        self._metrics = books.metrics
        self._alarms = books.alarms
        self._tasks = tasks
        self._clock, self._monotonic = clocks
        self._copies: dict[str, _Copy] = {}
        self._flights: dict[tuple[str, ...], asyncio.Task[AccessToken | GatewayError]] = {}
        self._ahead_after: dict[str, float] = {}  # monotonic
        self._obstacles: dict[str, _Obstacle] = {}
        self._refreshes: dict[str, dict[str, int]] = {}
        self._not_before: dict[str, float] = {}  # Unix time: older tokens count no more

    def forget(self, app_id: str, *, before: float) -> None:
        """Use no token of this account any more that was fetched before that Unix time.

        Calls that hold one go on. What stood in the way of a token is forgotten too.
        """
        # Another machine's clock may be ahead: a token fetched from now on must count.
        before = min(before, self._clock())
        if self._not_before.get(app_id, -math.inf) >= before:
            return
        self._not_before[app_id] = before
        self._obstacles.pop(app_id, None)
        copy = self._copies.get(app_id)
        if copy is not None and copy.token.fetched_at < before:
            del self._copies[app_id]

    async def _stored(self, app_id: str) -> AccessToken | None:
        token = await self._store.get(app_id)
        if token is not None and token.fetched_at < self._not_before.get(app_id, -math.inf):
            return None
        return token

    async def get(self, account: OfficialAccount, deadline: Deadline | None = None) -> AccessToken:
        """A token that WeChat takes, as far as is known.

        Raises AccountMisconfigured, TokenUnavailable, WeChatRefused (a quota) or DeadlineExceeded;
        for 30 s the same again, after the token that WeChat refused could not be replaced.
        """
        now = self._clock()
        copy = self._copies.get(account.app_id)
        if (
            copy is not None
            and 0 <= now - copy.checked_at < self._settings.local_copy_s
            and now < copy.token.expires_at
            and account.app_id not in self._obstacles
        ):
            ahead = copy.token.expires_at - now <= self._settings.refresh_margin_s
            self._stats.count("stale" if ahead else "hit", account.app_id)
            if ahead:
                self._refresh_ahead(account, copy.token)
            return copy.token
        self._stats.count("miss", account.app_id)
        return await self._joined(("get", account.app_id), deadline, lambda: self._find(account))

    async def renew(
        self, account: OfficialAccount, failing: AccessToken, deadline: Deadline | None = None
    ) -> AccessToken:
        """A token other than `failing`, which WeChat has just refused.

        Fetches only if `failing` is still the current one. Raises TokenConflict when WeChat
        refused a renewed token within 30 s, or too often a day; and what `get` raises. A failed
        renewal is not tried again for 30 s either.
        """
        copy = self._copies.get(account.app_id)
        if copy is not None and copy.token.epoch > failing.epoch:
            return copy.token
        key = ("renew", account.app_id, str(failing.epoch))
        return await self._joined(key, deadline, lambda: self._replace(account, failing))

    async def _joined(
        self,
        key: tuple[str, ...],
        deadline: Deadline | None,
        work: Callable[[], Awaitable[AccessToken]],
    ) -> AccessToken:
        """What the one task of this `key` finds. A caller that leaves does not stop it."""
        task = self._flights.get(key)
        if task is None:
            task = self._start(key, work)
        else:
            self._stats.count("coalesced", key[1])
        try:
            async with asyncio.timeout(None if deadline is None else deadline.left()):
                found = await asyncio.shield(task)
        except TimeoutError:
            raise DeadlineExceeded from None
        if isinstance(found, GatewayError):
            raise found
        return found

    def _start(
        self, key: tuple[str, ...], work: Callable[[], Awaitable[AccessToken]]
    ) -> asyncio.Task[AccessToken | GatewayError]:
        async def caught() -> AccessToken | GatewayError:
            try:
                return await work()
            except GatewayError as error:
                return error

        task = self._tasks.start(caught(), name=f"token {key[0]}")
        self._flights[key] = task
        task.add_done_callback(lambda _task: self._flights.pop(key, None))
        return task

    async def _find(self, account: OfficialAccount) -> AccessToken:
        token = await self._stored(account.app_id)
        obstacle = self._obstacle(account.app_id, token)
        # A conflict may be about one call alone, and the token good for the others.
        if obstacle is not None and not isinstance(obstacle.error, TokenConflict):
            raise obstacle.error.with_traceback(None)
        if token is not None and self._clock() < token.expires_at:
            return self._keep(account, token)
        return await self._fetch_alone(account, "cold", beaten=None)

    def _obstacle(self, app_id: str, token: AccessToken | None) -> _Obstacle | None:
        """What is known to stand in the way; forgotten in time, and with a newer `token`."""
        obstacle = self._obstacles.get(app_id)
        if obstacle is None:
            return None
        newer = token is not None and token.epoch > obstacle.above
        if newer or self._monotonic() >= obstacle.until:
            del self._obstacles[app_id]
            return None
        return obstacle

    def _obstruct(
        self, app_id: str, error: GatewayError, *, for_s: float, beaten: AccessToken | None
    ) -> None:
        above = NO_EPOCH if beaten is None else beaten.epoch
        self._obstacles[app_id] = _Obstacle(error, above, self._monotonic() + for_s)

    async def _replace(self, account: OfficialAccount, failing: AccessToken) -> AccessToken:
        token = await self._stored(account.app_id)
        if token is not None and token.epoch > failing.epoch:
            return self._keep(account, token)
        if (obstacle := self._obstacle(account.app_id, token)) is not None:
            if not isinstance(obstacle.error, TokenConflict):
                raise obstacle.error.with_traceback(None)
            raise self._conflict(account, obstacle.until - self._monotonic())
        age_s = self._clock() - failing.fetched_at
        # Of a negative age nothing is known: a clock was set back.
        if failing.cause == "invalid" and 0 <= age_s < FORCED_REFRESH_GAP_S:
            raise self._conflict(account, FORCED_REFRESH_GAP_S - age_s)
        return await self._fetch_alone(account, "invalid", beaten=failing)

    def _refresh_ahead(self, account: OfficialAccount, token: AccessToken) -> None:
        key, now = ("ahead", account.app_id), self._monotonic()
        if key in self._flights or now < self._ahead_after.get(account.app_id, 0.0):
            return
        self._ahead_after[account.app_id] = now + _AHEAD_GAP_S
        self._start(key, lambda: self._fetch_alone(account, "ahead", beaten=token))

    async def _fetch_alone(
        self, account: OfficialAccount, cause: str, *, beaten: AccessToken | None
    ) -> AccessToken:
        """Fetch under the lease, or wait for what its holder brings."""
        app_id = account.app_id
        above = NO_EPOCH if beaten is None else beaten.epoch
        ttl_s = _RENEWAL_LEASE_S if cause == "invalid" else _LEASE_S
        for poll in range(_POLLS):
            if poll and (token := await self._newer(account, above)) is not None:
                return token
            lease = await self._store.acquire(app_id, ttl_s=ttl_s, above=above)
            if lease is not None:
                try:
                    return await self._fetch_leased(account, cause, lease, beaten)
                finally:
                    await self._store.release(app_id, lease)
            await asyncio.sleep(_POLL_S if poll < _QUICK_POLLS else _SLOW_POLL_S)
        raise TokenUnavailable(reason="another replica is at it and brings nothing")

    async def _newer(self, account: OfficialAccount, above: int) -> AccessToken | None:
        token = await self._stored(account.app_id)
        if token is None or token.epoch <= above or token.expires_at <= self._clock():
            return None
        return self._keep(account, token)

    async def _fetch_leased(
        self, account: OfficialAccount, cause: str, lease: Lease, beaten: AccessToken | None
    ) -> AccessToken:
        # Another replica may have fetched between our look and our lease.
        if (token := await self._newer(account, beaten.epoch if beaten else NO_EPOCH)) is not None:
            return token
        try:
            fetched = await self._fetch(account, cause, beaten)
        except GatewayError as error:
            self._count(account, cause, error.code)
            known = cause == "ahead" or account.app_id in self._obstacles
            if isinstance(error, AccountMisconfigured) and not known:
                self._obstruct(account.app_id, error, for_s=_REFUSED_S, beaten=beaten)
            log.warning("token refused", account=account.name, cause=cause, error=str(error))
            raise
        now = self._clock()
        token = AccessToken(fetched.value, now + fetched.expires_in, lease.epoch, cause, now)
        self._count(account, cause, "ok")
        log.info("token fetched", account=account.name, cause=cause, life_s=fetched.expires_in)
        self._alarms.token_fetched(account)
        if not await self._store.put(account.app_id, token):
            # We slept past the lease: what another replica fetched meanwhile is the live one.
            return await self._newer(account, token.epoch) or self._keep(account, token)
        return self._keep(account, token)

    async def _fetch(
        self, account: OfficialAccount, cause: str, beaten: AccessToken | None
    ) -> FetchedToken:
        fetched = await self._source.fetch(account, force=False)
        if cause != "invalid" or beaten is None or fetched.value != beaten.value:
            return fetched
        # WeChat still hands out the very token that it refuses: only force makes another.
        return await self._force(account, beaten)

    async def _force(self, account: OfficialAccount, beaten: AccessToken) -> FetchedToken:
        """A token that WeChat makes anew; once in 30 s and 20 times a day, failures counted."""
        app_id, day = account.app_id, shanghai_day(self._clock())
        # Apart from the counts of API calls, which a clear_quota sets to zero.
        counted_as = f"{app_id}!token"
        if self._counters.get(counted_as, _FORCED, day) >= FORCED_REFRESHES_A_DAY:
            wait_s = float(FORCED_REFRESH_GAP_S)  # WeChat may have another token by then
        else:
            wait_s = await self._store.claim_force(app_id, gap_s=FORCED_REFRESH_GAP_S)
        if wait_s > 0:
            conflict = self._conflict(account, wait_s)
            self._obstruct(app_id, conflict, for_s=wait_s, beaten=beaten)
            raise conflict
        self._counters.add(counted_as, _FORCED, day)
        try:
            return await self._source.fetch(account, force=True)
        except GatewayError as error:
            self._obstruct(app_id, error, for_s=FORCED_REFRESH_GAP_S, beaten=beaten)
            raise

    def _keep(self, account: OfficialAccount, token: AccessToken) -> AccessToken:
        copy = self._copies.get(account.app_id)
        if copy is None or copy.token.epoch <= token.epoch:
            self._copies[account.app_id] = _Copy(token, self._clock())
        return token

    def _conflict(self, account: OfficialAccount, wait_s: float) -> TokenConflict:
        self._alarms.token_conflict(account)
        return TokenConflict(account=account.name, retry_after_s=max(1, wait_s))

    def _count(self, account: OfficialAccount, cause: str, outcome: str) -> None:
        self._metrics.tokens.labels(account.name, cause, outcome).inc()
        refreshes = self._refreshes.setdefault(account.app_id, {})
        name = cause if outcome == "ok" else f"{cause}_failed"
        refreshes[name] = refreshes.get(name, 0) + 1

    def describe(self, accounts: Iterable[OfficialAccount]) -> dict[str, Any]:
        """By account: the token's age and seconds left as known here, refreshes by cause."""
        now = self._clock()
        described: dict[str, Any] = {}
        for account in accounts:
            copy = self._copies.get(account.app_id)
            token = copy.token if copy is not None and now < copy.token.expires_at else None
            described[account.name] = {
                "age_s": round(now - token.fetched_at) if token else None,
                "seconds_left": round(token.expires_at - now) if token else None,
                "refreshes": dict(self._refreshes.get(account.app_id, {})),
            }
        return described
