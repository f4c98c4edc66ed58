"""Sandbox and gateway in one process, and a sample article from Markdown to its page."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from wxgate_client import calls
from wxgate_client.gateway import AsyncGateway

from accounts.clients import Client
from accounts.keys import new_key
from accounts.official import OfficialAccount
from core.errors import Text
from core.logging import LogSettings
from fetch.settings import FetchSettings
from jobs.settings import JobsSettings
from proxy.upstream import UpstreamSettings
from sandbox.sample import sample_article
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import PERSONAL, VERIFIED, SandboxSettings
from server.data_dir import make_data_dir
from server.doors import CannotListen, listen_on
from server.process import gateway_in_background
from server.settings import ServerSettings, Settings

_SANDBOX_PORT = 9000
_GATEWAY_PORT = 8080
_PORTS_TRIED = 50
_CLIENT = "demo"

# Tells a person what happens next.
Say = Callable[[Text], None]


@dataclass(frozen=True)
class Published:
    """What became of the sample on one account."""

    account: str
    job: dict[str, Any]
    calls: dict[str, int]  # calls to the sandbox's API by path

    @property
    def result(self) -> dict[str, Any]:
        """The job's result; empty where it failed."""
        return self.job.get("result") or {}


@dataclass(frozen=True)
class Demo:
    """A running demonstration."""

    gateway_url: str
    sandbox_url: str
    key: str
    verified: Published
    personal: Published

    @property
    def published(self) -> bool:
        """Whether both accounts came as far as they can."""
        modes = (self.verified.result.get("mode"), self.personal.result.get("mode"))
        return modes == ("published", "draft_ready")

    def as_json(self) -> dict[str, Any]:
        """What `wxgate demo --json` prints."""
        calls = dict(self.verified.calls)
        for path, count in self.personal.calls.items():
            calls[path] = calls.get(path, 0) + count
        return {
            "published": self.published,
            "article_url": self.verified.result.get("url"),
            "media_id": self.verified.result.get("media_id"),
            "personal": {
                "mode": self.personal.result.get("mode"),
                "media_id": self.personal.result.get("media_id"),
                "preview_url": self.personal.result.get("url"),
            },
            "calls": dict(sorted(calls.items())),
            "gateway_url": self.gateway_url,
            "sandbox_url": self.sandbox_url,
        }


@asynccontextmanager
async def run_demo(data_dir: Path, say: Say, *, log_level: str = "warning") -> AsyncIterator[Demo]:
    """Start both, publish the sample on both accounts, and keep both up meanwhile.

    Raises DataDirUnusable, and DataDirInUse while another demo runs in `data_dir`.
    """
    make_data_dir(data_dir)
    sandbox_settings = SandboxSettings(data_dir=data_dir / "sandbox")
    async with run_sandbox(sandbox_settings, port=_free_port(_SANDBOX_PORT)) as sandbox:
        say(Text(f"沙箱（模拟微信）{sandbox.url}", f"sandbox (a WeChat to try on) {sandbox.url}"))
        with listen_on(f"127.0.0.1:{_free_port(_GATEWAY_PORT)}") as listener:
            settings = demo_settings(data_dir, sandbox, listener, log_level=log_level)
            url = settings.server.public_url
            async with gateway_in_background(settings, listener):
                say(Text(f"网关 {url}", f"gateway {url}"))
                key = settings.clients[0].key.get_secret_value()
                published = [
                    await _publish(url, key, account.name, sandbox, say)
                    for account in settings.accounts
                ]
                yield Demo(url, sandbox.url, key, *published)


def demo_settings(
    data_dir: Path, sandbox: RunningSandbox, listener: socket.socket, *, log_level: str
) -> Settings:
    """Embedded defaults, pointed at the sandbox and its two accounts."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return Settings(
        server=ServerSettings(
            listen=url.removeprefix("http://"), public_url=url, data_dir=data_dir / "gateway"
        ),
        upstream=UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url),
        fetch=FetchSettings.model_validate(
            {"allow_networks": ["127.0.0.0/8"], "allow_ports": [80, 443, sandbox.port]}
        ),
        # The sample is published anew by each run, to show that a second one uploads nothing.
        jobs=JobsSettings(first_poll_s=(1, 2, 5, 30, 120, 600), repeat_window_s=0),
        log=LogSettings.model_validate({"level": log_level}),
        accounts=tuple(
            OfficialAccount.model_validate(
                {"name": name, "app_id": account.app_id, "app_secret": account.app_secret}
            )
            for name, account in (("verified", VERIFIED), ("personal", PERSONAL))
        ),
        clients=(
            Client.model_validate(
                {
                    "id": _CLIENT,
                    "key": _kept_key(data_dir / "client.key"),
                    "accounts": ["verified", "personal"],
                    "scopes": [
                        *("relay:read", "relay:write", "material", "draft", "publish"),
                        *("stats", "admin"),
                    ],
                }
            ),
        ),
    )


async def _publish(
    url: str, key: str, account: str, sandbox: RunningSandbox, say: Say
) -> Published:
    """The sample as a caller with a client key would publish it."""
    article = {"markdown": sample_article(sandbox.url), "action": "publish"}
    say(Text(f"发布示例文章：账号 {account} …", f"publishing the sample on {account} …"))
    before = await _calls(sandbox)
    async with AsyncGateway(url, key) as gateway:
        job = await gateway.do(calls.article(account, article))
        async for seen in gateway.follow(job, through_waiting=True):
            job = seen
    after = await _calls(sandbox)
    spent = {path: count - before.get(path, 0) for path, count in after.items()}
    return Published(account, job, {path: count for path, count in spent.items() if count})


async def _calls(sandbox: RunningSandbox) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as http:
        calls: dict[str, int] = (await http.get("/sandbox/calls")).json()["by_path"]
        return calls


def _kept_key(path: Path) -> str:
    """The demo's client key: made once, so that what was set up with it works next time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(new_key(_CLIENT), "ascii")
    return path.read_text("ascii")


def _free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on."""
    for port in range(first, first + _PORTS_TRIED):
        try:
            with listen_on(f"127.0.0.1:{port}"):
                return port
        except CannotListen:
            continue
    with listen_on("127.0.0.1:0") as listener:
        return int(listener.getsockname()[1])
