"""What `/openapi.json` says of the tools for agents, where they are switched on."""

from handlers.openapi import Operation

MCP = Operation(
    "给 AI 代理的工具（MCP）/ tools for AI agents (MCP)",
    "mcp",
    raw="application/json",
    errors=(400, 401, 403, 406, 413, 429, 503),
    also=(202,),
    description=(
        "JSON-RPC，streamable HTTP，无会话。用 MCP 客户端调用；出错时是 JSON-RPC 错误，"
        "`error.data` 是下面的 `error`。\n\n"
        "JSON-RPC over streamable HTTP, without sessions. To be called by an MCP client; failures "
        "are JSON-RPC errors, whose `error.data` is the `error` below."
    ),
)
