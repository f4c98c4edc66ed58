"""Requests as bytes over bare streams, so that the load leaves the processor to others."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

from bench.served import KEY

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def exchange(stream: Stream, request: bytes) -> bytes:
    """The body of the answer."""
    reader, writer = stream
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


@contextmanager
def closing(streams: list[Stream]) -> Iterator[list[Stream]]:
    try:
        yield streams
    finally:
        for _, writer in streams:
            writer.close()


async def ready(port: int) -> None:
    """Wait for an answer: `serve` has its socket before it has composed the gateway."""
    request = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with closing([await asyncio.open_connection("127.0.0.1", port)]) as streams:
        await exchange(streams[0], request)


async def virtual_token(port: int) -> str:
    query = f"grant_type=client_credential&appid=main&secret={KEY}"
    request = f"GET /cgi-bin/token?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with closing([await asyncio.open_connection("127.0.0.1", port)]) as streams:
        answer = json.loads(await exchange(streams[0], request.encode()))
    return str(answer["access_token"])


def get(path: str, token: str) -> bytes:
    return f"GET {path}?access_token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, token: str, body: bytes, content_type: str) -> bytes:
    return (
        f"POST {path}?access_token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
