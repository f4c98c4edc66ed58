from dataclasses import dataclass
from typing import Any

from accounts.official import OfficialAccount
from core.errors import Text
from notify.events import EventName
from notify.happening import Happening, Tell, tell_nobody
from proxy.advice import advice_for
from proxy.answer import NotJson, read_object
from proxy.breaker import State
from wechat.errcodes import DAILY_QUOTA, IP_NOT_WHITELISTED, load_errcodes, refused_ip

_ERRMSG_CHARS = 200


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
        advice = advice_for(load_errcodes().get(IP_NOT_WHITELISTED), errmsg)
        data = {"path": path, "ip": refused_ip(errmsg), "errmsg": errmsg}
        self._tell_of(account, "account.ip_refused", data, advice)

    def token_fetched(self, account: OfficialAccount) -> None:
        """WeChat gave a token: it takes calls from this address."""
        self._over(account, "account.ip_refused", account.name)

    def token_conflict(self, account: OfficialAccount, advice: Text) -> None:
        """WeChat refused a token that had just been renewed."""
        self._tell_of(account, "token.conflict", {}, advice)

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
        self,
        account: OfficialAccount,
        path: str,
        *,
        figures: dict[str, int],
        period: str,
    ) -> None:
        """So many calls of `path` are made; told once a `period`, however many processes see it.

        `figures`: `used` and `quota`, in calls, and `percent`: 80, or 100 for all of them.
        """
        self.tell(
            Happening(
                event=_of_quota(figures["percent"]),
                account=account.name,
                key=f"{account.name} {path}",
                data={
                    **_names(account),
                    "path": path,
                    **figures,
                    "advice": _both(advice_for(load_errcodes().get(DAILY_QUOTA))),
                },
                once=period,
            )
        )

    def quota_is_back(self, account: OfficialAccount, path: str, percent: int) -> None:
        """The count of `path`, which was at `percent`, was set to zero."""
        self._over(account, _of_quota(percent), f"{account.name} {path}")

    def _tell_of(
        self, account: OfficialAccount, event: EventName, data: dict[str, Any], advice: Text
    ) -> None:
        said = {**_names(account), **data, "advice": _both(advice)}
        self.tell(Happening(event=event, account=account.name, key=account.name, data=said))

    def _over(self, account: OfficialAccount, event: EventName, key: str) -> None:
        happening = Happening(
            event=event, account=account.name, key=key, data=_names(account), over=True
        )
        self.tell(happening)


SILENT = Alarms()  # for processes and tests where nobody listens


def _of_quota(percent: int) -> EventName:
    return "quota.spent" if percent == 100 else "quota.near"


def _names(account: OfficialAccount) -> dict[str, str]:
    return {"account": account.name, "app_id": account.app_id}


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
