import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import GatewayError, Language, Text
from core.secret import redact
from wechat.errcodes import refused_ip

_RID = re.compile(r"rid: ([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file of a multipart call; goes out as the part named `media`."""

    filename: str  # ASCII, with the extension of its type: anything else is refused (41005)
    content_type: str
    data: bytes


class Call(Protocol):
    """One call to WeChat on behalf of an account: token, replay and quota ledger included.

    Both methods return the JSON object of a success. They raise:

    * WeChatRefused: WeChat answered with an errcode other than 0; nothing was changed.
    * NotSent: the request never reached WeChat; it is safe to repeat. As NotBegun it has a cause,
      such as an account that gets no token.
    * OutcomeUnknown: it was sent and no complete answer came (or errcode -1 on a write). What
      happened at WeChat is not known; only calls whose endpoint is idempotent may be repeated.
    """

    async def post(
        self, account: str, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] = ...
    ) -> dict[str, Any]:
        """POST `body` as raw UTF-8 JSON."""
        ...

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] = ...
    ) -> dict[str, Any]:
        """GET with `query`."""
        ...

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] = ...
    ) -> dict[str, Any]:
        """POST `upload` as multipart/form-data with a Content-Length."""
        ...


class WeChatRefused(GatewayError):
    """WeChat answered the call with an errcode; `errcode` and `errmsg` are its own."""

    status = 422
    code = "wechat_refused"
    message = Text("微信拒绝了请求：{errcode} {errmsg}", "WeChat refused: {errcode} {errmsg}")
    hint = Text("{advice}", "{advice_en}")

    def __init__(
        self,
        *,
        errcode: int,
        errmsg: str,
        path: str,
        advice: Text | None = None,
        answer: Mapping[str, Any] | None = None,
    ) -> None:
        errmsg = redact(errmsg)  # it may repeat the URL, and it is stored with the job
        rid = _RID.search(errmsg)
        advice = advice or Text("按错误码说明修改后重试", "mend what the errcode says, try again")
        super().__init__(
            upstream={
                "errcode": errcode,
                "errmsg": errmsg[:500],
                "rid": rid.group(1) if rid else "",
                "path": path,
            },
            errcode=errcode,
            errmsg=errmsg[:200],
            advice=advice.zh,
            advice_en=advice.en,
        )
        self.wechat_errcode = errcode
        self.errmsg = errmsg
        self.answer = answer or {}  # all that WeChat said

    @property
    def refused_ip(self) -> str | None:
        """The caller's IP as WeChat sees it, where a 40164 names it."""
        return refused_ip(self.errmsg)


class NotSent(GatewayError):
    """WeChat could not be reached; the request did not get there."""

    status = 502
    code = "upstream_unreachable"
    retryable = True
    settled: bool = False  # whether to try again at once is pointless
    message = Text("连不上微信服务器：{reason}", "WeChat cannot be reached: {reason}")
    hint = Text(
        "检查服务器的网络、DNS 与 upstream.base_urls；请求没有发出，可以安全重试",
        "check network, DNS and upstream.base_urls; nothing was sent, it is safe to try again",
    )


class NotBegun(NotSent):
    """Something of its own kind, `cause`, stood in the way before a byte of the call was sent.

    Such as an account that gets no token: for what was to be done it is a NotSent, for people it
    is the cause. Raised by calls that write; the others raise the cause itself.
    """

    settled = True

    def __init__(self, cause: GatewayError) -> None:
        super().__init__(reason=str(cause))
        self.cause = cause

    def describe(self, language: Language, request_id: str) -> dict[str, Any]:
        """The cause's description."""
        return self.cause.describe(language, request_id)


class QuotaClosed(NotSent):
    """WeChat has said (45009) that today's calls of this path are used up: not sent.

    `retry_after_s` reaches to midnight in Shanghai, when WeChat counts anew.
    """

    status = 429
    code = "quota_spent"
    category = "quota"
    errcode = 45009
    message = Text(
        "{path} 今天的调用次数已用完（微信 45009），{until} 恢复",
        "today's quota of {path} is spent (WeChat's 45009) until {until}",
    )
    hint = Text(
        "等到上海时间零点，或用 /cgi-bin/clear_quota 清零（每月 10 次）；用量见 wxgate stats quota",
        "wait for midnight in Shanghai, or call /cgi-bin/clear_quota (10 a month); "
        "wxgate stats quota shows the use",
    )


class MinuteQuotaClosed(QuotaClosed):
    """WeChat has said (45011) that this path was called too often within a minute: not sent."""

    code = "minute_quota_spent"
    errcode = 45011
    message = Text(
        "微信说 {path} 调用太频繁（45011），一分钟后再试",
        "WeChat says that {path} is called too often (45011); wait for a minute",
    )
    hint = Text("放慢调用；网关会先等一分钟", "call more slowly; the gateway waits for a minute")


class OutcomeUnknown(GatewayError):
    """The request was sent and no complete answer came back."""

    status = 504
    code = "outcome_unknown"
    message = Text(
        "请求已发出，但没有得到微信的完整应答：{reason}", "sent, but no answer: {reason}"
    )
    hint = Text(
        "结果未知：先在公众号后台或列表接口里确认，不要直接重发",
        "the outcome is unknown: look into WeChat's lists first, do not simply send it again",
    )


class BadAnswer(GatewayError):
    """WeChat answered a call that changes nothing with something that is not its JSON."""

    status = 502
    code = "upstream_bad_response"
    retryable = True
    message = Text("微信的应答无法识别：{reason}", "WeChat's answer makes no sense: {reason}")
    hint = Text(
        "通常是微信或中间网络暂时故障，稍后重试",
        "usually a passing fault of WeChat or the network between; try again later",
    )
