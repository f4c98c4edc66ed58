import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from wechat.errcodes import load_errcodes

JSON_TYPE = "application/json; encoding=utf-8"  # WeChat's parameter is "encoding", not "charset"
TEXT_TYPE = "text/plain"

_MESSAGES = {
    0: "ok",
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40013: "invalid appid",
    40125: "invalid appsecret",
    41005: "media data missing",
    44003: "empty news data",
    45001: "media size out of limit",
    45004: "description size out of limit",
    45166: "invalid content",
    47001: "data format error",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    body: bytes
    content_type: str = JSON_TYPE
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    errcode: int = 0
    rid: str = ""


class Refused(Exception):
    """The call ends with this errcode and changes nothing."""

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        self.errcode = errcode
        self.errmsg = errmsg or _message(errcode)
        super().__init__(f"{errcode} {self.errmsg}")


class BrokenTransport(Exception):
    """WeChat's front end refuses the request before its API sees it: no JSON, another status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def _message(errcode: int) -> str:
    # The dictionary's names carry explanations in brackets, which WeChat does not send.
    return _MESSAGES.get(errcode) or load_errcodes().get(errcode).name.split(" (")[0]


def json_answer(data: dict[str, Any], *, content_type: str = JSON_TYPE) -> Answer:
    """A success in WeChat's form: raw UTF-8, no errcode unless `data` has one."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, content_type)


def ok(**data: Any) -> Answer:
    """The success of a command: errcode 0 and whatever comes with it."""
    return json_answer({"errcode": 0, "errmsg": "ok", **data})


def refusal(refused: Refused, now: float) -> Answer:
    """An error in WeChat's form: HTTP 200, errmsg with the request's id at its end."""
    rid = f"{int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    data = {"errcode": refused.errcode, "errmsg": f"{refused.errmsg} rid: {rid}"}
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, errcode=refused.errcode, rid=rid)
