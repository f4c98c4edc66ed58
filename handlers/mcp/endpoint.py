"""The one file that knows the MCP SDK, whose import takes half a second."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from accounts.clients import Client
from core.errors import GatewayError
from handlers.bodies import MediaTypeUnsupported, media_type, parse_model, read_bytes
from handlers.body_budget import BodyBudget
from handlers.errors import Internal, language_of_caller, request_id_of
from handlers.guard import require_scope
from handlers.mcp.message import check_message
from handlers.mcp.refusals import McpBusy, OriginForbidden
from handlers.mcp.schema import input_schema
from handlers.mcp.tool import Told, Tool, tools_for
from proxy.request import blame

log = structlog.get_logger(__name__)

_MAX_BYTES = 4_000_000  # 1 MB of HTML, escaped as JSON at its worst
_INSTRUCTIONS = (
    "wxgate publishes to WeChat Official Accounts (微信公众号). The way of an article: lint, "
    "create_draft, and once your user agrees publish or schedule. What these start are jobs: "
    "job_status shows how they end. Errors carry code, message and hint: follow the hint, and "
    "repeat a call only where retryable is true. "
    "发文章的顺序：lint、create_draft，用户同意后 publish 或 schedule；出错时照 hint 做。"
)


class McpEndpoint:
    """Answers each POST of /mcp by itself: nothing is kept between two, in any process.

    The answers are plain JSON. No stream is ever opened, so there is none to be left open.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        bodies: BodyBudget,
        count: Callable[[Request, str], None],
        *,
        origins: Iterable[str],
        max_calls: int,
        version: str,
    ) -> None:
        """`count` counts a call on the limit of an endpoint; `max_calls` of one client at once.

        `origins` are the pages that may call.
        """
        self._tools = {tool.name: tool for tool in tools}
        self._shown = {name: _shown(tool) for name, tool in self._tools.items()}
        self._bodies = bodies
        self._count = count
        self._origins = frozenset(origin.lower() for origin in origins)
        self._max_calls = max_calls
        self._under_way: Counter[str] = Counter()
        self._server: Server[Any] = Server(
            "wxgate",
            title="wxgate",
            version=version,
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def post(self, request: Request) -> Response:
        """One JSON-RPC message. Raises OriginForbidden, MediaTypeUnsupported."""
        origin = request.headers.get("origin", "")
        if origin and origin.lower() not in self._origins:
            raise OriginForbidden(origin=origin[:100])
        if media_type(request) != "application/json":
            raise MediaTypeUnsupported(taken="application/json")
        return _Exchange(self)

    async def exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read it and answer it. Raises McpBusy, MessageInvalid and what `read_bytes` does."""
        request = Request(scope, receive)
        with self._turn(request.state.client), self._bodies.share() as share:
            body = await read_bytes(request, max_bytes=_MAX_BYTES, share=share)
            check_message(body)
            # One for each message: what it holds ends with it.
            manager = StreamableHTTPSessionManager(
                self._server, json_response=True, stateless=True, max_request_body_size=_MAX_BYTES
            )
            async with manager.run():
                await manager.handle_request(scope, _replayed(body, receive), send)

    @contextmanager
    def _turn(self, client: Client) -> Iterator[None]:
        if self._under_way[client.id] >= self._max_calls:
            raise McpBusy(limit=self._max_calls, retry_after_s=1)
        self._under_way[client.id] += 1
        try:
            yield
        finally:
            self._under_way[client.id] -= 1
            if not self._under_way[client.id]:
                del self._under_way[client.id]

    async def _list(
        self, ctx: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        client = _request(ctx).state.client
        shown = [self._shown[tool.name] for tool in tools_for(client, self._tools.values())]
        return types.ListToolsResult(tools=shown)

    async def _call(
        self, ctx: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"no such tool: {params.name[:64]}")
        request = _request(ctx)
        request.state.route = f"/mcp {tool.name}"  # what metrics and statistics go by
        request.state.tool = tool.name
        try:
            if tool.counts_as:
                self._count(request, tool.counts_as)
            if tool.scopes:
                require_scope(request, *tool.scopes)
            asked = parse_model(json.dumps(params.arguments or {}).encode(), tool.takes)
            return _answer(await tool.run(request, asked), request)
        except GatewayError as exc:
            log.info("tool refused", tool=tool.name, code=exc.code, field=exc.field)
            blame(request.scope, "wechat" if exc.upstream else "wxgate", exc.category)
            return _refused(exc, request)
        except Exception:
            log.exception("tool failed", tool=tool.name)
            blame(request.scope, "wxgate", Internal.category)
            return _refused(Internal(), request)


class _Exchange(Response):
    """The answer, made while it is sent: the SDK writes it by itself."""

    def __init__(self, endpoint: McpEndpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self._endpoint.exchange(scope, receive, send)


def _shown(tool: Tool) -> types.Tool:
    effect, about = tool.effect, tool.about
    return types.Tool(
        name=about.name,
        title=f"{about.title.en} / {about.title.zh}",
        description=f"{about.description.en}\n\n{about.description.zh}",
        input_schema=input_schema(tool.takes),
        output_schema=tool.gives.model_json_schema(mode="serialization"),
        annotations=types.ToolAnnotations(
            read_only_hint=effect.reads_only,
            destructive_hint=effect.destructive,
            idempotent_hint=effect.idempotent,
            open_world_hint=effect.reaches_wechat,
        ),
    )


def _answer(told: Told, request: Request) -> types.CallToolResult:
    gist = told.gist.fill(language_of_caller(request), {})
    return types.CallToolResult(
        content=[types.TextContent(text=gist)],
        structured_content=told.data,
        is_error=told.failed,
    )


def _refused(error: GatewayError, request: Request) -> types.CallToolResult:
    said = error.describe(language_of_caller(request), request_id_of(request))
    text = f"{said['code']}: {said['message']}\n{said['hint']}"
    return types.CallToolResult(
        content=[types.TextContent(text=text)],
        structured_content={"error": said},
        is_error=True,
    )


def _request(ctx: ServerRequestContext[Any]) -> Request:
    assert isinstance(ctx.request, Request)  # noqa: S101 - all calls come by HTTP
    return ctx.request


def _replayed(body: bytes, rest: Receive) -> Receive:
    """An ASGI `receive` that gives `body`, then what `rest` has still to say."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await rest()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
