from typing import Any, ClassVar, NamedTuple

import orjson

from accounts.official import OfficialAccount
from core.errors import Category, GatewayError, Text
from proxy.advice import advice_for
from proxy.answer import NotJson, errcode_of, read_object
from proxy.base_urls import BaseUrls, BreakerOpen
from proxy.body import MemoryBody
from proxy.deadline import Deadline
from proxy.exchange import Exchanger, Trip
from proxy.retry import Errand, Patience, Retrier
from proxy.upstream import TlsFailed, UpstreamRequest
from wechat.call import NotSent, OutcomeUnknown, WeChatRefused
from wechat.catalogue import Endpoint
from wechat.errcodes import BUSY, IP_NOT_WHITELISTED, load_errcodes
from wechat.limits import TOKEN_LIFE_S

PATH = "/cgi-bin/stable_token"

_MIN_LIFE_S = 60
_LIFE_IF_UNSAID_S = TOKEN_LIFE_S - 300
_MAX_CHARS = 2_048  # WeChat asks for room for 512
_MAX_ANSWER_BYTES = 65_536
# Of all attempts, within a lease (proxy/tokens.py), and of one, so that another host has a chance.
_FETCH_S = 8.0
_ATTEMPT_S = 4.0
# WeChat's answers that only a person can change; any other refusal may pass by itself.
# Source: doc page api_getstableaccesstoken and reference §1.1, read 2026-11.
_FOR_A_PERSON = frozenset(
    {
        *(40001, 40002, 40013, 40125, 40243, 41002, 41004, 50002, 50004, 50007, 61024),
        *(89503, 89506, 89507, IP_NOT_WHITELISTED),
    }
)


class AccountMisconfigured(GatewayError):
    """WeChat gives this account no token; asking again would not help."""

    status = 502
    code = "account_misconfigured"
    category: ClassVar[Category] = "auth"
    level = "critical"
    message = Text(
        "公众号 {account} 取不到 access_token（{errcode} {errmsg}）",
        "account {account} gets no access_token ({errcode} {errmsg})",
    )
    hint = Text("{advice}", "{advice_en}")

    def __init__(self, account: str, refused: WeChatRefused) -> None:
        errcode = refused.wechat_errcode
        advice = advice_for(load_errcodes().get(errcode), refused.errmsg)
        super().__init__(
            upstream=refused.upstream,
            account=account,
            errcode=errcode,
            errmsg=refused.errmsg[:200],
            advice=advice.zh,
            advice_en=advice.en,
        )


class TokenUnavailable(NotSent):
    """No token to be had right now, so the call that needs it was not sent."""

    status = 503
    code = "token_unavailable"
    settled = True  # it has been tried again already
    message = Text("暂时取不到 access_token：{reason}", "no access_token right now: {reason}")


class FetchedToken(NamedTuple):
    """What WeChat answered."""

    value: str
    expires_in: float  # seconds, between 60 and 7 200


class StableToken:
    """Fetches tokens from /cgi-bin/stable_token.

    The normal mode answers the same token to whoever asks, so it may be repeated; the forced one
    makes a new one each time, is limited to 20 a day, 30 s apart, and so is sent once.
    """

    def __init__(
        self,
        exchanger: Exchanger,
        base_urls: BaseUrls,
        endpoint: Endpoint | None,
        retrier: Retrier,
    ) -> None:
        self._exchanger = exchanger
        self._base_urls = base_urls
        self._endpoint = endpoint
        self._retrier = retrier

    async def fetch(self, account: OfficialAccount, *, force: bool) -> FetchedToken:
        """The token.

        Raises AccountMisconfigured, TokenUnavailable, BreakerOpen, TlsFailed, or WeChatRefused (a
        quota is used up).
        """
        patience = Patience(not_sent=2, busy=0, unknown=0) if force else Patience(2, 2, 2)
        deadline = Deadline(_FETCH_S)
        trip = Trip(account, self._endpoint, PATH, deadline, self._base_urls, attempt_s=_ATTEMPT_S)
        errand = Errand(account, patience, deadline, len(self._base_urls))
        try:
            answer = await self._retrier.run(errand, lambda: self._ask(trip, force=force))
        except WeChatRefused as refused:
            if refused.wechat_errcode in _FOR_A_PERSON:
                raise AccountMisconfigured(account.name, refused) from None
            if refused.wechat_errcode == BUSY:
                raise TokenUnavailable(reason="WeChat is busy (-1)") from None
            raise
        except (BreakerOpen, TlsFailed) as exc:
            exc.settled = True
            raise
        except (NotSent, OutcomeUnknown) as exc:
            # Unknown is the fate of the token call; the call that wants the token was not sent.
            raise TokenUnavailable(reason=exc.values.get("reason", exc.code)) from None
        value = answer.get("access_token")
        if not isinstance(value, str) or not value or len(value) > _MAX_CHARS:
            raise TokenUnavailable(reason="WeChat's answer holds no usable token")
        return FetchedToken(value, _clamped(answer.get("expires_in")))

    async def _ask(self, trip: Trip, *, force: bool) -> dict[str, Any]:
        data = orjson.dumps(
            {
                "grant_type": "client_credential",
                "appid": trip.account.app_id,
                "secret": trip.account.app_secret.get_secret_value(),
                "force_refresh": force,
            }
        )
        headers = {"Content-Type": "application/json"}
        try:
            exchange = await self._exchanger.send(
                trip, lambda url: UpstreamRequest("POST", url + PATH, headers, MemoryBody(data))
            )
            answer = read_object(await exchange.read(_MAX_ANSWER_BYTES) or b"")
            errcode = errcode_of(answer)
        except NotJson:
            raise OutcomeUnknown(reason="the answer is not WeChat's JSON") from None
        finally:
            trip.close()
        if errcode:
            raise WeChatRefused(errcode=errcode, errmsg=str(answer.get("errmsg", "")), path=PATH)
        return answer


def _clamped(expires_in: object) -> float:
    if not isinstance(expires_in, int | float) or isinstance(expires_in, bool):
        return _LIFE_IF_UNSAID_S
    return float(min(max(expires_in, _MIN_LIFE_S), TOKEN_LIFE_S))
