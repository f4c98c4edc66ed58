"""The MCP SDK's client as an agent's host runs it; commands and answers as in mcp_client.mjs."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

_HEADERS = {
    "Authorization": f"Bearer {os.environ['KEY']}",
    "X-Wxgate-Account": os.environ["APP_ID"],
}


@asynccontextmanager
async def connected() -> AsyncIterator[Client]:
    """A client that has said hello."""
    async with httpx2.AsyncClient(headers=_HEADERS, timeout=60, trust_env=False) as http:
        transport = streamable_http_client(f"{os.environ['GATE_URL']}/mcp", http_client=http)
        async with Client(transport) as client:
            yield client


async def main() -> None:
    """Answer each command of stdin."""
    for line in sys.stdin:
        command, _, rest = line.strip().partition(" ")
        try:
            answer = await done(command, rest)
        except Exception as exc:  # noqa: BLE001 (what the tool shows is the answer)
            answer = {"error": _shown(exc)}
        print(json.dumps(answer), flush=True)


async def done(command: str, rest: str) -> dict[str, Any]:
    """What became of a command."""
    if command == "cold":
        answers = await asyncio.gather(*(called("list_drafts", {}) for _ in range(20)))
        return {"answers": answers}
    if command == "call":
        name, _, arguments = rest.partition(" ")
        return await called(name, json.loads(arguments or "{}"))
    async with connected() as client:
        return {"tools": [tool.name for tool in (await client.list_tools()).tools]}


async def called(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A tool's answer, by a client of its own."""
    async with connected() as client:
        answer = await client.call_tool(name, arguments)
    text = "\n".join(block.text for block in answer.content if block.type == "text")
    return {"failed": bool(answer.is_error), "text": text, "data": answer.structured_content}


def _shown(exc: BaseException) -> str:
    while isinstance(exc, BaseExceptionGroup):
        exc = exc.exceptions[0]
    return str(exc)


asyncio.run(main())
