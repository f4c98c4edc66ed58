import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address

import pytest

from fetch.addresses import Address

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 100
Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Host:
    """A host on loopback that answers each path as a test says, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(request)
            answer = self.answers[request.split(" ")[1]]
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                await answer(reader, writer)
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


def http(
    body: bytes = PNG, *, status: str = "200 OK", length: bool = True, **headers: str
) -> bytes:
    named = {"content_type": "image/png", **headers}
    if length:
        named.setdefault("content_length", str(len(body)))
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A scripted host; the test fails to open nothing else."""
    made = Host()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


class ScriptedResolver:
    """A Resolver whose answers change from one question to the next."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int) -> list[Address]:
        self.asked += 1
        if not self.answers:
            raise OSError("no such name")
        return [ip_address(text) for text in self.answers.pop(0)]

    def close(self) -> None:
        pass
