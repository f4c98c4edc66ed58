"""The doors that a relayed call comes through; what holds at one is asked of the other as well."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from tests.e2e.conftest import KEY, Stand

BASE_URL, INSPECT = "base URL", "inspect"
HOST = "api.weixin.qq.com"
HERE, THERE = b"Host: 127.0.0.1\r\n", f"Host: {HOST}\r\n".encode()
FORWARD = {"listen": "127.0.0.1:1"}

each_door = pytest.mark.parametrize("door", (BASE_URL, INSPECT), indirect=True)


@dataclass(frozen=True)
class Entered(Stand):
    """A Stand whose relayed calls come through one door."""

    door: str = BASE_URL


def basic(key: str = KEY) -> str:
    """What a tool tells the proxy of itself."""
    said = f"{key.split('_')[1]}:{key}".encode()
    return f"Proxy-Authorization: Basic {base64.b64encode(said).decode()}"


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a port of the gateway that has said nothing yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=8_000_000)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def go_inside(
    stand: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str = KEY
) -> None:
    """Through the proxy, with TLS, as WeChat's host."""
    writer.write(f"CONNECT {HOST}:443 HTTP/1.1\r\n{basic(key)}\r\n\r\n".encode())
    assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
    trusting = ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem"))
    await writer.start_tls(trusting, server_hostname=HOST)
