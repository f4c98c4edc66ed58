from dataclasses import dataclass

from wechat.call import BadAnswer, Call, OutcomeUnknown, WeChatRefused

SENDALL = "/cgi-bin/message/mass/sendall"
GET = "/cgi-bin/message/mass/get"
PREVIEW = "/cgi-bin/message/mass/preview"

ALREADY_SENT = 45065  # that clientmsgid was sent: the answer names the earlier msg_id
TOO_SOON = 45066  # the same clientmsgid again within a minute
# msg_status of mass/get. Source: doc page of mass/get, read 2026-11.
SUCCESS, SENDING, FAILED, DELETED = "SEND_SUCCESS", "SENDING", "SEND_FAIL", "DELETE"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets it: all followers, or those with a tag."""

    to_all: bool
    tag_id: int | None = None
    send_ignore_reprint: bool = False  # send also what turns out to be reprinted


@dataclass(frozen=True, slots=True)
class MassSent:
    """What WeChat took a mass send under; "" where it does not say."""

    msg_id: str
    msg_data_id: str


class MassClient:
    """Mass sends, which every follower sees. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def sendall(
        self, account: str, media_id: str, audience: Audience, *, clientmsgid: str
    ) -> MassSent:
        """Send a draft; under one clientmsgid (≤64 bytes) it is sent once, however often asked.

        WeChat answers 45065 with the earlier msg_id then, which counts as success here.
        Source: doc page of mass/sendall and wechat-api.md, section 5.
        """
        tag = {} if audience.to_all else {"tag_id": audience.tag_id}
        body = {
            "filter": {"is_to_all": audience.to_all, **tag},
            "mpnews": {"media_id": media_id},
            "msgtype": "mpnews",
            "send_ignore_reprint": int(audience.send_ignore_reprint),
            "clientmsgid": clientmsgid,
        }
        try:
            answer = await self._call.post(account, SENDALL, body)
        except WeChatRefused as exc:
            if exc.wechat_errcode != ALREADY_SENT:
                raise
            answer = dict(exc.answer)
        else:
            if not answer.get("msg_id"):
                raise OutcomeUnknown(reason="mass/sendall answered without a msg_id")
        ids = (str(answer.get(name) or "") for name in ("msg_id", "msg_data_id"))
        return MassSent(*ids)

    async def status(self, account: str, msg_id: str) -> str:
        """The msg_status of a mass send; one that is not named above is possible."""
        answer = await self._call.post(account, GET, {"msg_id": msg_id})
        status = answer.get("msg_status")
        if not isinstance(status, str):
            raise BadAnswer(reason="no msg_status")
        return status

    async def preview(self, account: str, media_id: str, *, to: dict[str, str]) -> None:
        """Show a draft to one follower, by `touser` (openid) or `towxname` (WeChat name)."""
        body = {**to, "mpnews": {"media_id": media_id}, "msgtype": "mpnews"}
        await self._call.post(account, PREVIEW, body)
