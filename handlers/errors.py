import math
import time
from http import HTTPStatus
from typing import Any

import structlog
from slowapi.errors import RateLimitExceeded
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.errors import GatewayError, Language, Text, language_of
from proxy.ratelimit import RateLimited
from proxy.request import blame

log = structlog.get_logger(__name__)


class NotFound(GatewayError):
    """No route has this path."""

    status = 404
    code = "not_found"
    category = "params"
    message = Text("没有这个地址", "there is nothing at this address")
    hint = Text("接口列表见 /docs", "see /docs for what there is")


class MethodNotAllowed(GatewayError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    category = "params"
    message = Text("这个地址不接受该方法", "this address does not take that method")
    hint = Text("允许的方法见 Allow 响应头", "the Allow header lists those it takes")


class BadRequest(GatewayError):
    """HTTP that the framework itself refused."""

    status = 400
    code = "bad_request"
    category = "params"
    message = Text("请求格式错误：{reason}", "malformed request: {reason}")
    hint = Text("检查请求头与请求体", "check the headers and the body")


class Internal(GatewayError):
    """A bug of ours; the log has it under the request id."""


def request_id_of(request: Request) -> str:
    """The id that this request carries in logs and answers."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def language_of_caller(request: Request) -> Language:
    """The language that the caller reads."""
    return language_of(request.headers.get("accept-language", ""))


def error_response(request: Request, error: GatewayError) -> Response:
    """`error` in the contract's form, in the caller's language."""
    headers: dict[str, str] = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    said = error.describe(language_of_caller(request), request_id_of(request))
    return JSONResponse({"error": said}, status_code=error.status, headers=headers)


async def gateway_error(request: Request, exc: Exception) -> Response:
    """A failure that somebody may have to act on."""
    assert isinstance(exc, GatewayError)  # noqa: S101 - registered for this class alone
    log.info("request refused", code=exc.code, status=exc.status, field=exc.field)
    blame(request.scope, "wechat" if exc.upstream else "wxgate", exc.category)
    return error_response(request, exc)


async def rate_limited(request: Request, exc: Exception) -> Response:
    """A call too many, as slowapi says it."""
    assert isinstance(exc, RateLimitExceeded)  # noqa: S101 - registered for this class alone
    item, (who, scope) = request.state.view_rate_limit
    windows = request.app.state.limiter.limiter
    wait_s = max(1.0, windows.get_window_stats(item, who, scope).reset_time - time.time())
    rule = f"{who}: {scope} = {exc.detail}"
    return await gateway_error(request, RateLimited(rule=rule, wait_s=wait_s, headers=[]))


async def http_error(request: Request, exc: Exception) -> Response:
    """What Starlette's router and parsers refuse."""
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class alone
    error: GatewayError
    if exc.status_code == HTTPStatus.NOT_FOUND:
        error = NotFound()
    elif exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        error = MethodNotAllowed()
    else:
        error = BadRequest(reason=exc.detail)
    response = error_response(request, error)
    response.status_code = exc.status_code
    for name, value in (exc.headers or {}).items():
        response.headers[name] = value
    return response


async def internal_error(request: Request, exc: Exception) -> Response:
    """A bug: the caller gets the request id only. Starlette raises `exc` again after this."""
    del exc  # logged by the access middleware, once
    return error_response(request, Internal())


EXCEPTION_HANDLERS: dict[Any, Any] = {
    GatewayError: gateway_error,
    RateLimitExceeded: rate_limited,
    HTTPException: http_error,
    Exception: internal_error,
}
