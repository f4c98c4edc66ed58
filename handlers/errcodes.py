from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import GatewayError, Text
from proxy.advice import advice_for
from wechat.errcodes import Errcode, Errcodes
from wechat.explain import explain

_MAX_DIGITS = 10


class ErrcodeUnknown(GatewayError):
    """No errcode of WeChat's that we know of."""

    status = 404
    code = "errcode_unknown"
    category = "params"
    message = Text("没有收录错误码 {errcode}", "the errcode {errcode} is not in the dictionary")
    hint = Text(
        "可以按文字查：GET /v1/errcodes?q=…；新错误码以微信文档为准",
        "search by words: GET /v1/errcodes?q=…; for a new one see WeChat's documentation",
    )


class BothLanguages(BaseModel):
    """One text in both languages."""

    zh: str
    en: str


class ErrcodeAnswer(BaseModel):
    """What one errcode of WeChat's means and what to do about it."""

    errcode: int
    text: BothLanguages
    hint: BothLanguages
    category: str
    action: str
    retryable: bool
    translated: str  # en or zh: that text is a translation of ours, not WeChat's wording


class ErrcodeList(BaseModel):
    """The errcodes that a text is about; `ip` where it names one that WeChat refused."""

    items: list[ErrcodeAnswer]
    ip: str | None


class ErrcodesHandler:
    """The dictionary of WeChat's errcodes."""

    def __init__(self, errcodes: Errcodes) -> None:
        self._errcodes = errcodes

    async def get(self, request: Request) -> Response:
        """One errcode."""
        said = request.path_params["errcode"]
        digits = said.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS
        if not is_number or int(said) not in self._errcodes:
            raise ErrcodeUnknown(errcode=said[: _MAX_DIGITS + 1])
        return JSONResponse(answer_for(self._errcodes.get(int(said))))

    async def search(self, request: Request) -> Response:
        """Those that `q` is about: a number, a whole errmsg, some words."""
        text = request.query_params.get("q", "")
        explained = explain(text, self._errcodes)
        items = [answer_for(errcode, text) for errcode in explained.errcodes]
        return JSONResponse({"items": items, "ip": explained.ip})


def answer_for(errcode: Errcode, errmsg: str = "") -> dict[str, Any]:
    """An ErrcodeAnswer; `errmsg` may name the IP that WeChat refused."""
    return {
        "errcode": errcode.errcode,
        "text": {"zh": errcode.chinese, "en": errcode.name},
        "hint": advice_for(errcode, errmsg)._asdict(),
        "category": errcode.category,
        "action": errcode.action,
        "retryable": errcode.retryable,
        "translated": errcode.translated,
    }
