from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.official import OfficialAccount
from core.metrics import Metrics
from proxy.alarms import SILENT, Alarms
from proxy.base_urls import BaseUrls
from proxy.breaker import BreakerRules
from proxy.upstream import UpstreamSettings


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where WeChat is, and how long it has for a call."""

    api: BaseUrls
    mp: BaseUrls  # of showqrcode alone
    timeout_s: float

    @classmethod
    def of(
        cls,
        settings: UpstreamSettings,
        metrics: Metrics,
        rules: BreakerRules | None = None,
        alarms: Alarms = SILENT,
    ) -> "Hosts":
        """Those of the settings."""
        api = BaseUrls(settings.base_urls, metrics, rules, alarms=alarms)
        mp = BaseUrls((settings.mp_base_url,), metrics, rules, alarms=alarms)
        return cls(api, mp, settings.timeout_s)

    def describe(self, accounts: Iterable[OfficialAccount]) -> dict[str, Any]:
        """The hosts in order of preference, and by account the breakers of each host."""
        breakers = {
            account.name: self.api.breakers(account.name) | self.mp.breakers(account.name)
            for account in accounts
        }
        return {"hosts": self.api.describe(), "breakers": breakers}
