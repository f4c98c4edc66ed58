"""Errors for callers who read another form than that of contract §4."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from handlers.errors import EXCEPTION_HANDLERS

# Makes an answer of the object under `error`, and the HTTP status.
Form = Callable[[dict[str, Any], int], JSONResponse]
_Handler = Callable[[Request, Exception], Awaitable[Response]]


def handlers_in(form: Form) -> dict[Any, Any]:
    """EXCEPTION_HANDLERS whose answers have that form; status and headers stay."""
    return {kind: _reshaped(handler, form) for kind, handler in EXCEPTION_HANDLERS.items()}


def _reshaped(handler: _Handler, form: Form) -> _Handler:
    async def answer(request: Request, exc: Exception) -> Response:
        ours = await handler(request, exc)
        theirs = form(json.loads(bytes(ours.body))["error"], ours.status_code)
        for name, value in ours.headers.items():
            if name not in ("content-length", "content-type"):
                theirs.headers[name] = value
        return theirs

    return answer
