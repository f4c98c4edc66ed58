"""Agents before `wxgate serve` as an operator runs it, and the bridge for those that need one."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from tests.compat.agents import article, done
from tests.compat.clients import CLIENTS
from tests.compat.doors import every_door
from tests.compat.driving import running
from tests.compat.installing import Installer
from tests.compat.wirings import MCP
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),  # the first run installs the bridge
    pytest.mark.asyncio(loop_scope="module"),
]

_BRIDGE = "mcp-remote@0.15.1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Of a gateway in a process of its own."""
    folder = tmp_path_factory.mktemp("served")
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        config = configuration(sandbox, folder / "data", free_port())
        config |= every_door("https://md.example.com")
        del config["forward"]
        write_toml(folder / "config.toml", config)
        url = config["server"]["public_url"]
        async with serve(folder / "config.toml", url, KEY):
            yield url


async def test_an_agent_makes_and_publishes_a_draft(
    url: str, installer: Installer, tmp_path: Path
) -> None:
    (python, *_) = [client for client in CLIENTS if MCP in client.wirings]
    own = {"GATE_URL": url, "KEY": KEY, "APP_ID": VERIFIED.app_id}
    async with running(python.start(installer, python.version), own, tmp_path) as tool:
        made = await done(tool, "create_draft", **article("草稿", "teal"), wait_s=50)
        job = await done(tool, "publish", media_id=made["result"]["media_id"], wait_s=50)
    assert job["state"] == "succeeded"


async def test_the_bridge_for_those_that_start_programs_only(
    url: str, installer: Installer, tmp_path: Path
) -> None:
    """As docs/zh/mcp.md has it; `npx` would look for the program in the folder that npm made."""
    modules = installer.node_modules(_BRIDGE)
    header = "Authorization:${WXGATE_AUTH}"
    bridge = modules / "node_modules" / "mcp-remote" / "dist" / "proxy.js"
    parameters = StdioServerParameters(
        command=str(installer.node()),
        args=[str(bridge), f"{url}/mcp", "--header", header],
        env={"WXGATE_AUTH": f"Bearer {KEY}", "HOME": str(tmp_path)},
    )
    with (tmp_path / "stderr").open("w") as stderr:
        async with Client(stdio_client(parameters, errlog=stderr)) as agent:
            tools = (await agent.list_tools()).tools
            answer = await agent.call_tool("list_accounts", {})
    assert "publish" in [tool.name for tool in tools]
    assert not answer.is_error
    assert "main" in json.dumps(answer.structured_content)
