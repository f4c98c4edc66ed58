from accounts.official import OfficialAccount
from core.clock import Clock
from proxy.breaker import Breaker, BreakerRules
from proxy.tokens import TokenConflict
from wechat.limits import FORCED_REFRESH_GAP_S

# Nearly all calls: one endpoint that refuses every token is that endpoint's affair.
_RULES = BreakerRules(
    window_s=30, min_calls=20, failure_share=0.9, open_s=FORCED_REFRESH_GAP_S, probes=1
)


class Storms:
    """Holds an account's calls back while WeChat refuses every token of it.

    Each of them would only cost quota; one in 30 s, when a token may be forced again, looks
    whether it is over.
    """

    def __init__(self, *, monotonic: Clock) -> None:
        self._monotonic = monotonic
        self._breakers: dict[str, Breaker] = {}

    def enter(self, account: OfficialAccount) -> int:
        """A ticket for `leave`. Raises TokenConflict."""
        breaker = self._breakers.get(account.name)
        if breaker is None:
            breaker = self._breakers[account.name] = Breaker(_RULES, monotonic=self._monotonic)
        if (ticket := breaker.enter()) is None:
            raise TokenConflict(account=account.name, retry_after_s=max(1.0, breaker.wait_s))
        return ticket

    def leave(self, account: OfficialAccount, ticket: int, *, refused: bool | None) -> None:
        """Whether WeChat refused the call for its token; None if it did not say."""
        self._breakers[account.name].leave(ticket, failed=refused)
