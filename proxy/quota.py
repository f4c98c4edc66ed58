import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from accounts.official import OfficialAccount
from cache.counters import DailyCounters, MemoryCounters
from cache.windows import Rule, Standing
from core.clock import Clock, next_shanghai_midnight, rfc3339, shanghai_day
from proxy.alarms import SILENT, Alarms
from proxy.answer import NotJson, read_object
from proxy.body import Body, MemoryBody
from proxy.ratelimit import RateLimited, headers_of
from proxy.rulebook import NamedRule
from wechat.call import MinuteQuotaClosed, QuotaClosed
from wechat.errcodes import BUSY, CLEARED_OUT, DAILY_QUOTA, MINUTE_QUOTA
from wechat.limits import (
    CLEARINGS_A_MONTH,
    DAILY_QUOTAS,
    PATH_CLEARINGS_A_MONTH,
    QUOTA_RESET_LAG_S,
)

log = structlog.get_logger(__name__)

CLEAR_PATH = "/cgi-bin/openapi/quota/clear"
# What may be called a number of times a month, by the name under which it is counted.
_MONTHLY = {"clear_quota": CLEARINGS_A_MONTH, "openapi/quota/clear": PATH_CLEARINGS_A_MONTH}
_CLEARING = {
    "/cgi-bin/clear_quota": "clear_quota",
    "/cgi-bin/clear_quota/v2": "clear_quota",
    CLEAR_PATH: "openapi/quota/clear",
}
# Counts under this mark say that WeChat itself called the quota of a path spent (45009).
_SPENT = "!"
_MINUTE_S = 60.0
_TRIED_EVERY_S = 3_600.0  # a spent path; its quota may be reset in WeChat's console, unseen here
_ALERT_AT = (100, 80)  # percent

# Calls a day of a path as found out for an account, or None.
Probed = Callable[[OfficialAccount, str], int | None]


def _nothing_probed(_account: OfficialAccount, _path: str) -> int | None:
    return None


def cleared_path(body: Body | None) -> str:
    """The path that a request to CLEAR_PATH is about; empty if it names none."""
    try:
        path = read_object(body.data if isinstance(body, MemoryBody) else b"").get("cgi_path")
    except NotJson:
        return ""
    return path if isinstance(path, str) else ""


class QuotaLedger:
    """How many calls of each path an account has made today, and how many it has left.

    Days are Shanghai's. The figures are the account's own, else those found out by a probe, else
    those of a new verified account; WeChat's own 45009 overrules them until midnight, or
    until the one call an hour that is let through all the same succeeds; a clear_quota sets all to
    zero. Beside them it counts, by the day too, what single clients have
    called, for the built-in rules that leave each other something.
    """

    def __init__(
        self,
        counters: DailyCounters,
        *,
        months: DailyCounters | None = None,
        probed: Probed = _nothing_probed,
        alarms: Alarms = SILENT,
        clock: Clock = time.time,
    ) -> None:
        self._counters = counters
        self._months = months or MemoryCounters()
        self._probed = probed
        self._alarms = alarms
        self._clock = clock
        self._day = ""
        self._day_ends = 0.0
        self._alerted: set[tuple[str, str, int]] = set()  # app_id, path, percent; today
        # Paths that rest for a minute, until when: after a 45011, or a 45009 just after midnight.
        self._rests: dict[tuple[str, str], tuple[float, int]] = {}
        self._try_at: dict[tuple[str, str], float] = {}  # when a spent path is tried next
        self._on_trial: set[tuple[str, str]] = set()

    def _today(self) -> str:
        now = self._clock()
        if not self._day_ends - 86_400 <= now < self._day_ends:
            self._day = shanghai_day(now)
            self._day_ends = next_shanghai_midnight(now)
            self._alerted.clear()
            self._try_at.clear()
            self._on_trial.clear()
        return self._day

    def count(
        self,
        account: OfficialAccount,
        path: str,
        errcode: int,
        builtin: NamedRule | None = None,
    ) -> None:
        """Note a call that reached WeChat, and what it answered (-1 for no answer).

        `builtin`: what bounds the client that called.
        """
        day, app_id = self._today(), account.app_id
        if path in _CLEARING:
            self._count_clearing(account, path, errcode)
        if (app_id, path) in self._on_trial:
            self._on_trial.discard((app_id, path))
            if errcode == 0:
                self.cleared(account, path)
        used = self._counters.add(app_id, path, day)
        for rule in builtin.rules if builtin is not None else ():
            self._counters.add(app_id, rule.key, day)
        day_is_s = self._clock() - (self._day_ends - 86_400)
        spent = errcode == DAILY_QUOTA and day_is_s >= QUOTA_RESET_LAG_S
        if spent:
            self._counters.add(app_id, _SPENT + path, day)
            self._try_at[app_id, path] = self._clock() + _TRIED_EVERY_S
        elif errcode in (DAILY_QUOTA, MINUTE_QUOTA):
            self._rests[app_id, path] = (self._clock() + _MINUTE_S, errcode)
        quota = self.quota_of(account, path)
        if spent or (quota is not None and used * 100 >= quota * _ALERT_AT[-1]):
            self._tell(account, path, used, used if spent else quota or used)

    def _count_clearing(self, account: OfficialAccount, path: str, errcode: int) -> None:
        day, month, name = self._day, self._day[:7], _CLEARING[path]
        app_id = account.app_id
        if errcode in (0, BUSY):
            self._months.add(app_id, name, month)
        elif errcode == CLEARED_OUT:  # more were made elsewhere
            used = self._months.get(app_id, name, month)
            self._months.add(app_id, name, month, max(0, _MONTHLY[name] - used))
        if errcode == 0 and path != CLEAR_PATH:
            self._counters.clear(app_id, day)
            self._reopen(account)

    def _reopen(self, account: OfficialAccount) -> None:
        for key in [key for key in self._rests if key[0] == account.app_id]:
            del self._rests[key]
        for told in [told for told in self._alerted if told[0] == account.app_id]:
            self._alerted.discard(told)
            self._alarms.quota_is_back(account, *told[1:])

    def cleared(self, account: OfficialAccount, path: str) -> None:
        """Note that WeChat set the count of one path to zero."""
        for name in self._counters.names(account.app_id, self._today()):
            if name in (path, _SPENT + path) or name.endswith("|" + path):
                self._reset(account.app_id, name)
        self._reopen(account)

    def _reset(self, app_id: str, name: str) -> None:
        day = self._today()
        self._counters.add(app_id, name, day, -self._counters.get(app_id, name, day))

    def _tell(self, account: OfficialAccount, path: str, used: int, quota: int) -> None:
        percent = next(level for level in _ALERT_AT if used * 100 >= quota * level)
        told = (account.app_id, path, percent)
        if told not in self._alerted:
            self._alerted.add(told)
            figures = {"used": used, "limit": quota, "percent": percent}
            log.warning("quota runs out", account=account.name, path=path, **figures)
            self._alarms.quota_runs_out(account, path, figures, period=self._period(told))

    def _period(self, told: tuple[str, str, int]) -> str:
        """The day; after a clearing a new one begins."""
        clearings = (self._months.get(told[0], name, self._day[:7]) for name in _MONTHLY)
        return f"{self._day} {sum(clearings)}"

    def check(self, account: OfficialAccount, path: str, builtin: NamedRule | None = None) -> None:
        """Raises QuotaClosed where WeChat has said that it takes no such call for now.

        And RateLimited where the client has had what `builtin` leaves it of the day's calls.
        """
        if path in _CLEARING:
            return
        if self._spent(account, path, self._today()):
            if self._tried(account.app_id, path):
                return  # whoever calls: if WeChat takes it, the client's count begins anew too
            raise self._closed(path, self._day_ends)
        if self._rests and (rest := self._rests.get((account.app_id, path))) is not None:
            until, errcode = rest
            if (left_s := until - self._clock()) <= 0:
                del self._rests[account.app_id, path]
            elif errcode == DAILY_QUOTA:
                raise self._closed(path, until)
            else:
                raise MinuteQuotaClosed(path=path, retry_after_s=left_s)

        for rule in builtin.rules if builtin is not None else ():
            standing = self.standing(account, rule)
            if not standing.remaining:
                headers = headers_of(standing)
                raise RateLimited(rule=str(builtin), wait_s=standing.reset_s, headers=headers)

    def _tried(self, app_id: str, path: str) -> bool:
        """Whether this call may find out if the path is still spent."""
        now, key = self._clock(), (app_id, path)
        if now < self._try_at.setdefault(key, now + _TRIED_EVERY_S):
            return False
        self._try_at[key] = now + _TRIED_EVERY_S
        self._on_trial.add(key)
        return True

    def standing(self, account: OfficialAccount, rule: Rule) -> Standing:
        """How a built-in rule stands today."""
        used = self._used(account, rule.key, self._today())
        return Standing(rule, used, max(0, rule.rate.count - used), self._day_ends - self._clock())

    def restart(self, account: OfficialAccount, rule: Rule) -> None:
        """Count for a built-in rule from zero."""
        self._reset(account.app_id, rule.key)

    def _closed(self, path: str, until: float) -> QuotaClosed:
        return QuotaClosed(path=path, until=rfc3339(until), retry_after_s=until - self._clock())

    def _spent(self, account: OfficialAccount, path: str, day: str) -> bool:
        # Below zero where two replicas noted the same clearing.
        return self._counters.get(account.app_id, _SPENT + path, day) > 0

    def _used(self, account: OfficialAccount, path: str, day: str) -> int:
        return max(0, self._counters.get(account.app_id, path, day))

    def quota_of(self, account: OfficialAccount, path: str) -> int | None:
        """Calls a day; None where that is not known."""
        quota = account.quotas.get(path) if account.quotas else None
        if quota is None:
            quota = self._probed(account, path)
        return DAILY_QUOTAS.get(path) if quota is None else quota

    @staticmethod
    def paths(account: OfficialAccount) -> list[str]:
        """The paths whose daily quota is known."""
        return sorted({*DAILY_QUOTAS, *account.quotas})

    def remaining(self, account: OfficialAccount, path: str) -> int | None:
        """Calls left today; None where WeChat's quota is not known and was not met."""
        day = self._today()
        if self._spent(account, path, day):
            return 0
        if (quota := self.quota_of(account, path)) is None:
            return None
        return max(0, quota - self._used(account, path, day))

    def describe(self, accounts: Iterable[OfficialAccount]) -> dict[str, Any]:
        """The day's and the month's ledger by account, and when the day starts anew."""
        day = self._today()
        return {
            "day": day,
            "resets_at": rfc3339(self._day_ends),
            "accounts": {account.name: self._described(account, day) for account in accounts},
        }

    def _described(self, account: OfficialAccount, day: str) -> dict[str, Any]:
        paths = {}
        for path in self.paths(account):
            spent = self._spent(account, path, day)
            paths[path] = {
                "quota": self.quota_of(account, path),
                "used": self._used(account, path, day),
                "remaining": self.remaining(account, path),
                "closed_until": rfc3339(self._day_ends) if spent else None,
            }
        month = {}
        for name, quota in _MONTHLY.items():
            used = self._months.get(account.app_id, name, day[:7])
            month[name] = {"quota": quota, "used": used, "remaining": max(0, quota - used)}
        return {"paths": paths, "month": month}
