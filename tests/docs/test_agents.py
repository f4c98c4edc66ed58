"""What the page on MCP has its readers paste connects as it stands there."""

import json
import tomllib
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from sandbox.settings import VERIFIED
from tests.docs.blocks import DOCS, Page
from tests.e2e.conftest import Opens, open_stand

__all__ = ["open_stand"]  # a fixture: a whole gateway before a sandbox

_PUBLIC_URL = "https://gate.example.com"
_PAGES = [Page(DOCS / language / "mcp.md") for language in ("zh", "en")]


def _settings(page: Page) -> dict[str, Any]:
    """The page's TOML, with an account that the sandbox knows."""
    told: dict[str, Any] = {}
    for block in page.of("toml"):
        told |= tomllib.loads(block.text)
    own = {"app_id": VERIFIED.app_id, "app_secret": VERIFIED.app_secret}
    return {**told, "accounts": [{**account, **own} for account in told["accounts"]]}


def _servers(page: Page) -> list[dict[str, Any]]:
    return [json.loads(block.text)["mcpServers"]["wxgate"] for block in page.of("json")]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
async def test_each_configuration_connects(page: Page, open_stand: Opens) -> None:
    over_http = [server for server in _servers(page) if "command" not in server]
    assert len(over_http) == 3
    async with open_stand(_settings(page)) as stand:
        for server in over_http:
            url = server.get("url") or server["baseUrl"]
            assert url.startswith(f"{_PUBLIC_URL}/")
            tools = await _tools(url.replace(_PUBLIC_URL, stand.url), server["headers"])
            assert "create_draft" in tools
            assert "publish" not in tools


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
async def test_the_bridge_sends_what_it_is_told_to(page: Page, open_stand: Opens) -> None:
    (server,) = [server for server in _servers(page) if "command" in server]
    name, url, option, header = server["args"]
    assert (server["command"], name, option) == ("npx", "mcp-remote", "--header")
    field, _, value = header.partition(":")
    for variable, text in server["env"].items():
        value = value.replace(f"${{{variable}}}", text)
    async with open_stand(_settings(page)) as stand:
        assert await _tools(url.replace(_PUBLIC_URL, stand.url), {field: value})


async def _tools(url: str, headers: dict[str, str]) -> list[str]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        return [tool.name for tool in (await client.list_tools()).tools]
