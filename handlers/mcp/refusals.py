"""How /mcp says no to a whole call; tools that fail say so in their result."""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from core.errors import GatewayError, Text
from handlers.error_forms import handlers_in

# JSON-RPC 2.0 §5.1
_INVALID_REQUEST = -32600
_INTERNAL_ERROR = -32603


class OriginForbidden(GatewayError):
    """A web page of another origin calls."""

    status = 403
    code = "origin_forbidden"
    category = "permission"
    message = Text("不接受来自 {origin} 的网页调用", "pages of {origin} may not call")
    hint = Text("由管理员写入 mcp.allowed_origins", "an operator may add it to mcp.allowed_origins")


class McpBusy(GatewayError):
    """The client has as many calls under way as it may."""

    status = 429
    code = "mcp_busy"
    category = "quota"
    level = "warning"
    retryable = True
    message = Text("同时进行的 MCP 调用已达 {limit} 个", "{limit} MCP calls are under way already")
    hint = Text(
        "等前面的调用结束；上限由 mcp.max_calls 决定",
        "wait for some to end; the limit is mcp.max_calls",
    )


def refusal(told: dict[str, Any], status: int) -> JSONResponse:
    """An error of contract §4 as a JSON-RPC error: clients show the model its message alone."""
    code = _INTERNAL_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _INVALID_REQUEST
    message = f"{told['code']}: {told['message']}\n{told['hint']}"
    error = {"code": code, "message": message, "data": told}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status_code=status)


# Bugs are answered, and logged, where those of all other routes are.
MCP_EXCEPTION_HANDLERS = {
    kind: handler for kind, handler in handlers_in(refusal).items() if kind is not Exception
}
