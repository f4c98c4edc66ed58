from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.body import Receive
from proxy.request import Inbound, Query
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.gateway import Gateway, Setup, open_gateway


class Time:
    """A clock that tests move."""

    def __init__(self, now: float = 1_795_300_000.0) -> None:
        self.now = now
        self._set_back_s = 0.0

    def __call__(self) -> float:
        return self.now

    def monotonic(self) -> float:
        """The time that passed, whatever the clock was set to."""
        return self.now + self._set_back_s

    def set_back(self, seconds: float) -> None:
        """As a person, or NTP, sets a clock that was fast."""
        self.now -= seconds
        self._set_back_s += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
def upstream_settings(sandbox: RunningSandbox) -> UpstreamSettings:
    return UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url, timeout_s=2)


@pytest.fixture
async def gateway(upstream_settings: UpstreamSettings, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with open_gateway(Setup(upstream_settings, tmp_path)) as opened:
        yield opened


def inbound(
    path: str = "/cgi-bin/draft/count",
    *,
    method: str = "GET",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    peer: str | None = "127.0.0.1",
) -> Inbound:
    """A request as the stages see it."""
    raw = {name.encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
    return Inbound(method, path.encode(), Query(query.encode()), raw, peer)


def receiving(*pieces: bytes, gone: bool = False) -> Receive:
    """An ASGI `receive` that hands over `pieces`, then ends or hangs up."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": gone or at < len(pieces) - 1}
        for at, piece in enumerate(pieces)
    ]
    messages.append({"type": "http.disconnect"})
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    return receive
