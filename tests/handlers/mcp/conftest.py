"""Agents: the SDK's own client over HTTP, against a gateway and a sandbox."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from tests.e2e.conftest import KEY, Opens, Stand

DRAFT_KEY = "wxg_writer_0123456789abcdefghijklmn"
CAREFUL_KEY = "wxg_careful_0123456789abcdefghijkl"


def caller(client_id: str, key: str, *scopes: str, **more: Any) -> dict[str, Any]:
    """A client of the configuration."""
    return {
        "id": client_id,
        "key": key,
        "accounts": ["main"],
        "scopes": list(scopes),
        "rate_limit": "60000/minute",
        "max_concurrent": 1000,
        **more,
    }


CHANGE: dict[str, Any] = {
    "mcp": {"enabled": True},
    "clients": [
        caller(
            *("blog", KEY, "relay:read", "material", "draft", "publish"),
            accounts=["main", "personal"],
        ),
        caller("writer", DRAFT_KEY, "draft"),
        caller("careful", CAREFUL_KEY, "draft", "publish", approve_publish=True),
    ],
}


def gist(answer: CallToolResult) -> str:
    """The text that a model reads of a tool's answer."""
    (block,) = answer.content
    assert isinstance(block, TextContent)
    return block.text


Agents = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
async def gate(open_stand: Opens) -> AsyncIterator[Stand]:
    """A gateway that answers agents."""
    async with open_stand(CHANGE) as stand:
        yield stand


@pytest.fixture
def agent(gate: Stand) -> Agents:
    """Connects an agent by `key`; with `mode`, in that way of negotiating."""

    @asynccontextmanager
    async def connected(key: str = KEY, **how: Any) -> AsyncIterator[Client]:
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept-Language": "en",
            "X-Wxgate-Account": "main",
        }
        async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
            transport = streamable_http_client(f"{gate.url}/mcp", http_client=http)
            async with Client(transport, **how) as client:
                yield client

    return connected
