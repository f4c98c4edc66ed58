from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.official import OfficialAccount
from notify.events import EventName
from notify.happening import Happening, Tell, tell_nobody
from proxy.answer import NotJson, read_object
from proxy.breaker import State
from wechat.errcodes import refused_ip

_ERRMSG_CHARS = 200
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Alarms:
    """Tells of what calls to WeChat show and people should know; none of it waits or fails.

    It is asked where a call went wrong, or seldom: never on the way of each that goes well.
    """

    tell: Tell = tell_nobody

    def ip_refused(self, account: OfficialAccount, path: str, answer: bytes) -> None:
        """WeChat answered 40164: this machine's address is not in the account's whitelist."""
        try:
            errmsg = str(read_object(answer).get("errmsg", ""))[:_ERRMSG_CHARS]
        except NotJson:
            errmsg = ""
        data = {"ip": refused_ip(errmsg), "path": path, "errmsg": errmsg}
        self._tell_of(account, "account.ip_refused", account.name, data)

    def token_fetched(self, account: OfficialAccount) -> None:
        """WeChat gave a token: it takes calls from this address."""
        self._tell_of(account, "account.ip_refused", account.name, over=True)

    def token_conflict(self, account: OfficialAccount) -> None:
        """WeChat refused a token that had just been renewed."""
        self._tell_of(account, "token.conflict", account.name)

    def breaker(self, account: str, host: str, state: State) -> None:
        """A breaker has changed its state; while it probes nobody is told."""
        if state != "half_open":
            self.tell(
                Happening(
                    event="breaker.open",
                    account=account,
                    key=f"{account} {host}",
                    data={"account": account, "host": host},
                    over=state == "closed",
                )
            )

    def quota_runs_out(
        self, account: OfficialAccount, path: str, figures: dict[str, int], *, period: str
    ) -> None:
        """So many calls of `path` are made; told once a `period`, however many processes see it.

        `figures`: `used` and `limit`, in calls, and `percent`: 80, or 100 for all of them.
        """
        data = {"path": path, **figures}
        event = _of_quota(figures["percent"])
        self._tell_of(account, event, f"{account.name} {path}", data, once=period)

    def quota_is_back(self, account: OfficialAccount, path: str, percent: int) -> None:
        """The count of `path`, which was at `percent`, was set to zero."""
        key = f"{account.name} {path}"
        self._tell_of(account, _of_quota(percent), key, {"path": path}, over=True)

    def _tell_of(
        self,
        account: OfficialAccount,
        event: EventName,
        key: str,
        data: Mapping[str, Any] = _NOTHING,
        **how: Any,
    ) -> None:
        said = {"account": account.name, "app_id": account.app_id, **data}
        self.tell(Happening(event=event, account=account.name, key=key, data=said, **how))


SILENT = Alarms()  # for processes and tests where nobody listens


def _of_quota(percent: int) -> EventName:
    return "quota.spent" if percent == 100 else "quota.near"
