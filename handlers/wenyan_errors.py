import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handlers.errors import EXCEPTION_HANDLERS

_Handler = Callable[[Request, Exception], Awaitable[Response]]


def refusal(told: dict[str, Any], status: int) -> JSONResponse:
    """An error of contract §4 as Wenyan's tools show it: they print `desc` and nothing else."""
    desc = f"{told['message']}\n{told['hint']} ({told['request_id']})"
    return JSONResponse({"code": -1, "desc": desc, "error": told}, status_code=status)


def _reshaped(handler: _Handler) -> _Handler:
    async def answer(request: Request, exc: Exception) -> Response:
        ours = await handler(request, exc)
        theirs = refusal(json.loads(bytes(ours.body))["error"], ours.status_code)
        for name, value in ours.headers.items():
            if name not in ("content-length", "content-type"):
                theirs.headers[name] = value
        return theirs

    return answer


WENYAN_EXCEPTION_HANDLERS: dict[Any, Any] = {
    kind: _reshaped(handler) for kind, handler in EXCEPTION_HANDLERS.items()
}
