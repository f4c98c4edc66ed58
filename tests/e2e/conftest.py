"""A whole gateway on real sockets in front of a sandbox, both in the test's event loop."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Error, async_playwright
from starlette.applications import Starlette

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import PERSONAL, VERIFIED, SandboxSettings
from server.app import Gateway
from server.doors import listen_on
from server.process import gateway_in_background
from server.settings import Settings
from tests.stores import PreparedSqlite

CHROMIUM_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
KEY = "wxg_blog_0123456789abcdefghijklmn"


@dataclass(frozen=True)
class Stand:
    """A gateway, the sandbox behind it, and a caller with a key."""

    url: str
    sandbox: RunningSandbox
    http: httpx.AsyncClient  # with the key
    data_dir: Path
    app: Starlette
    forward_port: int = 0  # of the forward proxy, where `forward` was configured
    gateway: Gateway | None = None
    config: dict[str, Any] = field(default_factory=dict)  # as a file would say it

    async def article(self, fields: dict[str, Any], *, account: str = "main") -> dict[str, Any]:
        """Hand in an article and wait for the job's end."""
        response = await self.http.post(
            f"/v1/accounts/{account}/articles", json=fields, headers={"Prefer": "wait=30"}
        )
        job: dict[str, Any] = response.json()
        assert response.status_code == 200, job
        return job

    def committed(self, kind: str) -> list[Any]:
        """The sandbox's ledger of one kind."""
        return self.sandbox.ledger.entries(kind)

    def calls(self) -> dict[str, int]:
        """Calls to WeChat's API so far, by path."""
        by_account = self.sandbox.calls.by_account()
        return {path: sum(counts.values()) for path, counts in by_account.items()}


def configuration(sandbox: RunningSandbox, data_dir: Path, port: int) -> dict[str, Any]:
    """A configuration as a TOML file would give it."""
    url = f"http://127.0.0.1:{port}"
    return {
        "server": {
            "listen": url[7:],
            "public_url": url,
            "data_dir": str(data_dir),
            "control_rate_limit": "6000/minute",
        },
        "upstream": {"base_urls": [sandbox.url], "mp_base_url": sandbox.url},
        "fetch": {"allow_networks": ["127.0.0.0/8"], "allow_ports": [80, sandbox.port]},
        "jobs": {"first_poll_s": [0.6, 1, 2, 5, 30]},
        "log": {"level": "error"},
        "accounts": [
            {"name": name, "app_id": account.app_id, "app_secret": account.app_secret}
            for name, account in (("main", VERIFIED), ("personal", PERSONAL))
        ],
        "clients": [
            {
                "id": "blog",
                "key": KEY,
                "accounts": ["main", "personal"],
                "scopes": ["relay:read", "relay:write", "material", "draft", "publish", "stats"],
                "rate_limit": "60000/minute",
                "max_concurrent": 1000,
            }
        ],
    }


Opens = Callable[..., AbstractAsyncContextManager[Stand]]


@asynccontextmanager
async def stand_in(
    data_dir: Path, change: dict[str, Any] | None = None, **sandbox_settings: Any
) -> AsyncIterator[Stand]:
    """A Stand; `change` is of the gateway's configuration, the rest of the sandbox's."""
    settings = SandboxSettings(**{"publish_s": 0.2, **sandbox_settings})
    async with run_sandbox(settings) as sandbox:
        with listen_on("127.0.0.1:0") as listener, listen_on("127.0.0.1:0") as door:
            config = configuration(sandbox, data_dir, _port(listener))
            for section, values in (change or {}).items():
                tables = isinstance(values, list)
                config[section] = values if tables else {**config.get(section, {}), **values}
            async with (
                gateway_in_background(
                    Settings(**config), listener, door if "forward" in config else None
                ) as gateway,
                httpx.AsyncClient(
                    base_url=config["server"]["public_url"],
                    headers={"Authorization": f"Bearer {KEY}", "Accept-Language": "en"},
                    timeout=60,
                    trust_env=False,
                ) as http,
            ):
                url = config["server"]["public_url"]
                app, forward_port = gateway.starlette, _port(door)
                yield Stand(url, sandbox, http, data_dir, app, forward_port, gateway, config)


@pytest.fixture
def open_stand(prepared_sqlite: PreparedSqlite, tmp_path: Path) -> Opens:
    """Opens a Stand; arguments change the sandbox, `change` the gateway's configuration."""
    prepared_sqlite.put(data_dir := tmp_path / "data")
    return partial(stand_in, data_dir)


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    """A Stand with defaults."""
    async with open_stand() as opened:
        yield opened


def installed_chromium() -> str | None:
    """The machine's."""
    installed = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    return os.environ.get("CHROMIUM") or installed


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium, else Playwright's own; without one, only CI insists."""
    async with async_playwright() as playwright:
        try:
            opened = await playwright.chromium.launch(
                executable_path=installed_chromium(), args=CHROMIUM_ARGS
            )
        except Error:
            if os.environ.get("CI"):
                raise
            pytest.skip("no Chromium: apt install chromium, or playwright install chromium")
        yield opened
        await opened.close()
