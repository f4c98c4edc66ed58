import time
from typing import Any

from accounts.official import Accounts, OfficialAccount
from cache.counters import DailyCounters
from core.clock import Clock, next_shanghai_midnight, rfc3339, shanghai_day
from wechat.errcodes import DAILY_QUOTA
from wechat.limits import DAILY_QUOTAS

# Counts under this mark say that WeChat itself called the quota of a path spent (45009).
_SPENT = "!"
_CLEARING = frozenset({"/cgi-bin/clear_quota", "/cgi-bin/clear_quota/v2"})


class QuotaLedger:
    """How many calls of each path an account has made today, and how many it has left.

    Days are Shanghai's. The figures are those of a new verified account; WeChat's own 45009
    overrules them until midnight, and a clear_quota sets all to zero.
    """

    def __init__(self, counters: DailyCounters, *, clock: Clock = time.time) -> None:
        self._counters = counters
        self._clock = clock
        self._day = ""
        self._day_ends = 0.0

    def _today(self) -> str:
        now = self._clock()
        if not self._day_ends - 86_400 <= now < self._day_ends:
            self._day = shanghai_day(now)
            self._day_ends = next_shanghai_midnight(now)
        return self._day

    def count(self, account: OfficialAccount, path: str, errcode: int) -> None:
        """Note a call that reached WeChat, and what it answered (-1 for no answer)."""
        day = self._today()
        if path in _CLEARING and errcode == 0:
            self._counters.clear(account.app_id, day)
        self._counters.add(account.app_id, path, day)
        if errcode == DAILY_QUOTA:
            self._counters.add(account.app_id, _SPENT + path, day)

    def remaining(self, account: OfficialAccount, path: str) -> int | None:
        """Calls left today; None where WeChat's quota is not known and was not met."""
        day = self._today()
        if self._counters.get(account.app_id, _SPENT + path, day):
            return 0
        if (quota := DAILY_QUOTAS.get(path)) is None:
            return None
        return max(0, quota - self._counters.get(account.app_id, path, day))

    def describe(self, accounts: Accounts) -> dict[str, Any]:
        """The day's ledger by account, and when it starts anew."""
        day = self._today()
        return {
            "day": day,
            "resets_at": rfc3339(self._day_ends),
            "accounts": {
                account.name: {
                    path: {
                        "quota": quota,
                        "used": self._counters.get(account.app_id, path, day),
                        "remaining": self.remaining(account, path),
                    }
                    for path, quota in DAILY_QUOTAS.items()
                }
                for account in accounts
            },
        }
