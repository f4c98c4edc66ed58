import math
from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self

from accounts.clients import Client
from accounts.official import OfficialAccount
from cache.stats import CacheStats
from cache.windows import Rule, Standing, Windows
from core.errors import GatewayError, Text
from core.metrics import Metrics
from proxy.rulebook import NamedRule, Rulebook

Headers = list[tuple[bytes, bytes]]


class RateLimited(GatewayError):
    """Too many calls in too short a time, by a rule of this gateway."""

    status = 429
    code = "rate_limited"
    category = "quota"
    level = "warning"
    retryable = True
    errcode = 45011
    message = Text("调用太频繁：{rule}", "too many calls: {rule}")
    hint = Text(
        "这是 wxgate 的限制；按 Retry-After 放慢，或请管理员调整 rate_limit 与 [limits]",
        "this is wxgate speaking: slow down as Retry-After says, or ask your operator to change "
        "rate_limit or [limits]",
    )

    def __init__(self, *, rule: str, wait_s: float, headers: Headers) -> None:
        super().__init__(rule=rule, retry_after_s=math.ceil(wait_s))
        self.headers = headers


class TooManyConcurrent(GatewayError):
    """Too many calls of one client, or on one account, at the same time."""

    status = 429
    code = "too_many_concurrent"
    category = "quota"
    level = "warning"
    retryable = True
    errcode = 45011
    message = Text(
        "同时进行的调用太多：{who} 最多 {limit} 个",
        "too many calls at the same time: {who} may have {limit}",
    )
    hint = Text(
        "等前面的调用结束，或请管理员调大 max_concurrent",
        "wait for earlier calls to end, or ask your operator for a higher max_concurrent",
    )


class CountsDays(Protocol):
    """Counts for the built-in rules; the quota ledger."""

    def standing(self, account: OfficialAccount, rule: Rule) -> Standing:
        """How a built-in rule stands today."""
        ...

    def restart(self, account: OfficialAccount, rule: Rule) -> None:
        """Count for a built-in rule from zero."""
        ...


class Admission:
    """A call that was let in; it counts as under way until the `with` block ends."""

    __slots__ = ("_limiter", "_names", "standing")

    def __init__(
        self, limiter: "Limiter", names: tuple[str, str], standing: Standing | None
    ) -> None:
        self._limiter = limiter
        self._names = names
        self.standing = standing  # of the tightest rule

    def headers(self) -> Headers:
        """RateLimit-… of the tightest rule."""
        return headers_of(self.standing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._limiter.leave(self._names)
        if isinstance(exc, RateLimited):
            self._limiter.count_throttled(str(exc.values["rule"]))


class Limiter:
    """Lets calls in, or not: how many at the same time, and how many in a time.

    The built-in rules are judged later, by the ledger, when a call is about to be sent.
    """

    def __init__(
        self,
        windows: Windows,
        rulebook: Rulebook,
        days: CountsDays,
        metrics: Metrics,
        stats: CacheStats,
    ) -> None:
        self._stats = stats  # a call that was let in is a hit, one that was not a miss
        self._windows = windows
        self._days = days
        self.rulebook = rulebook
        self._metrics = metrics
        self._active: dict[str, int] = {}
        self._throttled: Counter[str] = Counter()  # by the rule's name, in this process

    async def admit(self, client: Client, account: OfficialAccount, path: str) -> Admission:
        """Let a call in. Raises RateLimited or TooManyConcurrent; then it counts nowhere."""
        names = self._enter(client, account)
        try:
            verdict = await self._windows.hit(self.rulebook.rules(client, account, path))
        except BaseException:
            self.leave(names)
            raise
        if verdict.wait_s and verdict.tightest is not None:
            self.leave(names)
            self._stats.count("miss", account.app_id)
            named = self.rulebook.named(client, account, path, verdict.tightest.rule)
            self._refuse(named, verdict.wait_s, verdict.tightest)
        self._stats.count("hit", account.app_id)
        return Admission(self, names, verdict.tightest)

    def _enter(self, client: Client, account: OfficialAccount) -> tuple[str, str]:
        names = (f"client {client.id}", f"account {account.name}")
        for name, limit in zip(names, (client.max_concurrent, account.max_concurrent), strict=True):
            if self._active.get(name, 0) >= limit:
                self.count_throttled(name)
                self._stats.count("miss", account.app_id)
                raise TooManyConcurrent(who=name, limit=limit, retry_after_s=1)
        for name in names:
            self._active[name] = self._active.get(name, 0) + 1
        return names

    def leave(self, names: tuple[str, str]) -> None:
        """The call has ended."""
        for name in names:
            self._active[name] -= 1

    def _refuse(self, named: NamedRule, wait_s: float, standing: Standing) -> NoReturn:
        self.count_throttled(str(named))
        raise RateLimited(rule=str(named), wait_s=wait_s, headers=headers_of(standing))

    def count_throttled(self, rule: str) -> None:
        """A call was refused by `rule`."""
        self._throttled[rule] += 1
        self._metrics.throttled.labels(rule).inc()

    async def describe(
        self, clients: Iterable[Client], accounts: Iterable[OfficialAccount]
    ) -> dict[str, Any]:
        """All rules of these clients and accounts, with use; built-in ones that are in use."""
        clients, accounts = list(clients), list(accounts)
        bounds = [(f"client {client.id}", client.max_concurrent) for client in clients]
        bounds += [(f"account {account.name}", account.max_concurrent) for account in accounts]
        listed = self._listed(clients, accounts)
        rules = [(named, rule) for named in listed for rule in named.rules]
        standings = await self._windows.look([rule for _, rule in rules])
        items = [
            self._item(named, standing)
            for (named, _), standing in zip(rules, standings, strict=True)
        ]
        items += [
            self._item(named, standing)
            for account, named in self._builtins(clients, accounts)
            for standing in (self._days.standing(account, rule) for rule in named.rules)
            if standing.used or self._throttled[str(named)]
        ]
        return {
            "shared": self._windows.shared,
            "gateways": self._windows.gateways,
            "items": items,
            "concurrent": [self._concurrent(name, limit) for name, limit in bounds],
        }

    async def clear(self, clients: list[Client], account: OfficialAccount) -> None:
        """Let them begin anew: the windows of these clients and of this account are empty."""
        listed = self._listed(clients, [account])
        await self._windows.clear([rule for named in listed for rule in named.rules])
        for _, named in self._builtins(clients, [account]):
            for rule in named.rules:
                self._days.restart(account, rule)

    def _listed(self, clients: list[Client], accounts: list[OfficialAccount]) -> list[NamedRule]:
        listed: list[NamedRule] = []
        for client in clients:
            listed += self.rulebook.of_client(client)
        for account in accounts:
            listed += self.rulebook.of_account(account)
        return listed

    def _builtins(
        self, clients: list[Client], accounts: list[OfficialAccount]
    ) -> Iterator[tuple[OfficialAccount, NamedRule]]:
        for client in clients:
            for account in accounts:
                if account.name in client.accounts:
                    for named in self.rulebook.builtins(client, account):
                        yield account, named

    def _item(self, named: NamedRule, standing: Standing) -> dict[str, Any]:
        rate = standing.rule.rate
        return {
            "rule": str(named),
            "who": named.who,
            "path": named.path,
            "builtin": named.builtin,
            "limit": rate.count,
            "period_s": rate.period_s,
            "used": standing.used,
            "remaining": standing.remaining,
            "reset_s": math.ceil(standing.reset_s),
            "throttled": self._throttled[str(named)],
        }

    def _concurrent(self, name: str, limit: int) -> dict[str, Any]:
        active, throttled = self._active.get(name, 0), self._throttled[name]
        return {"who": name, "limit": limit, "active": active, "throttled": throttled}


def headers_of(standing: Standing | None) -> Headers:
    """RateLimit-… of a rule that stands like this."""
    if standing is None:
        return []
    rate = standing.rule.rate
    return [
        (b"ratelimit-limit", b"%d" % rate.count),
        (b"ratelimit-remaining", b"%d" % standing.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(standing.reset_s)),
        (b"ratelimit-policy", b"%d;w=%d" % (rate.count, rate.period_s)),
    ]
