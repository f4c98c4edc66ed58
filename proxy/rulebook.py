from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from accounts.clients import Client
from accounts.official import OfficialAccount
from cache.rates import parse_rates
from cache.windows import Rule, window_key
from wechat.limits import DAILY_QUOTAS

ALL = "*"
_MOST_A_DAY = 1_000_000_000  # more is no rate that could be told; a probe takes WeChat's word
_MOST_KEPT = 20_000  # only paths outside of the catalogue can be that many
# wxgate answers these itself, from the token it holds.
_NEVER_SENT = frozenset({"/cgi-bin/token", "/cgi-bin/stable_token"})


class KnowsQuotas(Protocol):
    """Tells how often WeChat lets an account call a path."""

    def quota_of(self, account: OfficialAccount, path: str) -> int | None:
        """Calls a day; None where that is not known."""
        ...


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rate as the configuration says it, for whom, on which paths."""

    who: str  # "client blog", "account main"
    path: str  # as in the configuration; ALL
    text: str  # "10/minute"
    rules: tuple[Rule, ...]
    builtin: bool = False

    def __str__(self) -> str:
        return f"{'builtin ' if self.builtin else ''}{self.who}: {self.path} = {self.text}"


@dataclass(frozen=True, slots=True)
class _Found:
    """The rules of a call, as long as those for whom they were made are the same."""

    client: Client
    account: OfficialAccount
    quota: int | None
    named: tuple[NamedRule, ...]
    rules: tuple[Rule, ...]
    builtin: NamedRule | None


class Rulebook:
    """Which rates a call is judged by.

    Of a client: over all calls, and by path; the exact path ranks before the longest pattern.
    Of an account: over all clients' calls, and by path. Beside them a built-in one stays under
    WeChat's daily quota, unless the configuration names that very path; the quota ledger counts
    for it, by the name that is its rule's key.
    """

    def __init__(self, limits: Mapping[str, str], quotas: KnowsQuotas) -> None:
        self._quotas = quotas
        self.replace_limits(limits)

    def replace_limits(self, limits: Mapping[str, str]) -> None:
        """Judge by these `[limits]` from now on; calls that were counted stay counted."""
        self._limits = limits
        self._found: dict[tuple[str, str, str], _Found] = {}

    def rules(self, client: Client, account: OfficialAccount, path: str) -> tuple[Rule, ...]:
        """All rates of this call but the built-in one."""
        return self._of(client, account, path).rules

    def named(self, client: Client, account: OfficialAccount, path: str, rule: Rule) -> NamedRule:
        """What `rule`, one of the call's, is called."""
        found = self._of(client, account, path)
        # Limits and quotas may have changed since the call was judged.
        gone = NamedRule(f"client {client.id}", path, "a limit of a moment ago", (rule,))
        fitting = (one for one in found.named if any(rule.key == each.key for each in one.rules))
        return next(fitting, gone)

    def of_client(self, client: Client) -> Iterator[NamedRule]:
        """What the configuration says of a client."""
        who = f"client {client.id}"
        yield _named(who, ALL, client.rate_limit, client.id)
        for pattern, text in {**self._limits, **client.limits}.items():
            yield _named(who, pattern, text, client.id)

    def builtin(self, client: Client, account: OfficialAccount, path: str) -> NamedRule | None:
        """What keeps one client under 90 % of the account's daily quota of `path`."""
        return self._of(client, account, path).builtin

    def builtins(self, client: Client, account: OfficialAccount) -> Iterator[NamedRule]:
        """The built-in rules of a client, of all paths whose daily quota is known."""
        for path in sorted({*DAILY_QUOTAS, *account.quotas}):
            quota = self._quotas.quota_of(account, path)
            if (named := self._builtin(client, account, path, quota)) is not None:
                yield named

    def _builtin(
        self, client: Client, account: OfficialAccount, path: str, quota: int | None
    ) -> NamedRule | None:
        if quota is None or path in _NEVER_SENT or path in self._limits or path in client.limits:
            return None
        text = f"{min(max(1, quota * 9 // 10), _MOST_A_DAY)}/day"
        rules = tuple(Rule(f"client:{client.id}|{path}", rate) for rate in parse_rates(text))
        return NamedRule(f"client {client.id} on {account.name}", path, text, rules, builtin=True)

    def of_account(self, account: OfficialAccount) -> Iterator[NamedRule]:
        """What the configuration says of an account."""
        who = f"account {account.name}"
        yield _named(who, ALL, account.rate_limit, account.app_id)
        for pattern, text in account.limits.items():
            yield _named(who, pattern, text, account.app_id)

    def _of(self, client: Client, account: OfficialAccount, path: str) -> _Found:
        key = (client.id, account.name, path)
        found = self._found.get(key)
        quota = self._quotas.quota_of(account, path)
        if (
            found is None
            or found.client is not client
            or found.account is not account
            or found.quota != quota
        ):
            named = tuple(self._look_up(client, account, path))
            rules = tuple(rule for one in named for rule in one.rules)
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            builtin = self._builtin(client, account, path, quota)
            found = self._found[key] = _Found(client, account, quota, named, rules, builtin)
        return found

    def _look_up(self, client: Client, account: OfficialAccount, path: str) -> Iterator[NamedRule]:
        for listed in (self.of_client(client), self.of_account(account)):
            overall, *by_path = listed
            yield overall
            if (best := _best(by_path, path)) is not None:
                yield best


def _named(who: str, path: str, text: str, whose: str) -> NamedRule:
    kind = who.partition(" ")[0]
    rules = tuple(
        Rule(window_key(kind, whose, path, f"{rate.count}/{rate.period_s}"), rate)
        for rate in parse_rates(text)
    )
    return NamedRule(who, path, text, rules)


def _best(listed: list[NamedRule], path: str) -> NamedRule | None:
    """The one for exactly `path`, else the longest pattern that takes it in."""
    fitting = [
        named
        for named in listed
        if named.path == path or (named.path[-1] == "*" and path.startswith(named.path[:-1]))
    ]
    return max(fitting, key=lambda named: (named.path == path, len(named.path)), default=None)
