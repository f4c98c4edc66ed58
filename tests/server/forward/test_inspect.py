import asyncio
import ssl
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from server.forward.authority import Authority
from server.forward.inspect import Inspection
from tests.server.forward.conftest import BLOG, HOST, Opens, connect


class Shouts(asyncio.Protocol):
    """Says what it hears in upper case."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_ends_here_for_whom_the_door_let_in(
    open_front: Opens, authority: Authority, version: ssl.TLSVersion
) -> None:
    spoken: list[Shouts] = []

    def speak(state: dict[str, Any]) -> Shouts:
        spoken.append(Shouts(state))
        return spoken[-1]

    context = trusting(authority)
    context.maximum_version = version
    async with open_front(Inspection(authority, speak, handshake_s=20)) as front:
        reader, writer = await front.say(connect())
        assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
        await writer.start_tls(context, server_hostname=HOST)
        writer.write(b"at once")  # together with the end of the handshake
        assert await reader.readexactly(7) == b"AT ONCE"
        assert spoken[0].state == {"proxied_for": BLOG, "connect_host": HOST}
        assert front.door.inside == 0  # what speaks takes a place of its own
        writer.close()


async def test_who_does_not_trust_the_ca_leaves_nothing_behind(
    open_front: Opens, authority: Authority
) -> None:
    async with open_front(Inspection(authority, Shouts, handshake_s=20)) as front:
        reader, writer = await front.say(connect())
        await reader.readexactly(len(ESTABLISHED))
        with pytest.raises(ssl.SSLCertVerificationError):
            await writer.start_tls(ssl.create_default_context(), server_hostname=HOST)
        await front.is_empty()
        async with asyncio.timeout(20):
            while not front.counted:
                await asyncio.sleep(0.01)
        assert front.counted == ["forward_handshake"]


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b""])
async def test_a_handshake_that_never_ends_is_cut(
    open_front: Opens, authority: Authority, sent: bytes
) -> None:
    async with open_front(Inspection(authority, Shouts, handshake_s=0.3)) as front:
        reader, writer = await front.say(connect())
        await reader.readexactly(len(ESTABLISHED))
        writer.write(sent)
        try:
            async with asyncio.timeout(20):
                await reader.read()
        except ConnectionError:
            pass
        await front.is_empty()
        writer.close()
