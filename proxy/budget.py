import time
from dataclasses import dataclass

from core.clock import Clock

_SHARE = 0.1
_MOST = 10.0  # repeats saved up
_A_SECOND = 0.1  # so that an account with few calls may repeat them


@dataclass(slots=True)
class _Balance:
    repeats: float
    at: float


class RetryBudgets:
    """How many repeats each account has left: one for every ten calls, and six a minute.

    Repeats that help one call while WeChat is down keep it down; source: Google SRE book, chapter
    "Handling Overload" (a per-client retry budget of 10 %).
    """

    def __init__(self, *, monotonic: Clock = time.monotonic) -> None:
        self._monotonic = monotonic
        self._balances: dict[str, _Balance] = {}

    def earn(self, app_id: str) -> None:
        """Note the first attempt of a call."""
        balance = self._balances.get(app_id)
        if balance is None:
            balance = self._balances[app_id] = _Balance(_MOST, self._monotonic())
        if balance.repeats < _MOST:
            balance.repeats += _SHARE

    def take(self, app_id: str) -> bool:
        """Whether a call may be repeated; that counts as done."""
        balance = self._balances.setdefault(app_id, _Balance(_MOST, self._monotonic()))
        now = self._monotonic()
        balance.repeats = min(_MOST, balance.repeats + (now - balance.at) * _A_SECOND)
        balance.at = now
        if balance.repeats < 1:
            return False
        balance.repeats -= 1
        return True
