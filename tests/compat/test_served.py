"""An agent before `wxgate serve` as an operator runs it: a process of its own, from a TOML file."""

from pathlib import Path

import pytest

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


@pytest.mark.slow
async def test_an_agent_makes_and_publishes_a_draft(installer: Installer, tmp_path: Path) -> None:
    (python, *_) = [client for client in CLIENTS if MCP in client.wirings]
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        config = configuration(sandbox, tmp_path / "data", free_port())
        config |= every_door("https://md.example.com")
        del config["forward"]
        write_toml(tmp_path / "config.toml", config)
        url = config["server"]["public_url"]
        own = {"GATE_URL": url, "KEY": KEY, "APP_ID": VERIFIED.app_id}
        async with (
            serve(tmp_path / "config.toml", url, KEY),
            running(python.start(installer, python.version), own, tmp_path) as tool,
        ):
            made = await done(tool, "create_draft", **article("草稿", "teal"), wait_s=50)
            job = await done(tool, "publish", media_id=made["result"]["media_id"], wait_s=50)
    assert job["state"] == "succeeded"
