import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
import structlog

from accounts.clients import AuthError, Credential
from fetch.addresses import Address
from proxy.approval import ApprovalNeeded
from proxy.auth import KeyWrong
from server.connections import Door
from server.forward.answer import ESTABLISHED
from server.forward.listener import Visitor
from server.forward.places import Place
from server.forward.tunnel import Quota, Tunnels
from tests.conftest import free_port
from tests.gateway import READER_KEY
from tests.server.forward.conftest import BLOG, HOST, Opens, connect, visitor


class Names:
    """A name server that gives one address to all."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._address = ip_address(address)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[Address]:
        del port
        self.asked.append(host)
        return [self._address]

    def close(self) -> None:
        pass


@asynccontextmanager
async def shouting() -> AsyncIterator[int]:
    """A server that repeats in upper case; its port."""

    served: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1_000):
                writer.write(data.upper())
            writer.close()
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            await asyncio.gather(*filter(None, served))


class Counted:
    """Tunnels to one place, and the door that they take their second place of."""

    def __init__(self, place: Place, names: Names | None = None, **quota: Any) -> None:
        self.door = Door(max_connections=100, max_per_ip=100)
        self.names = names or Names()
        self.meter: list[tuple[int, int]] = []
        self.refused: list[AuthError] = []
        self.changed: dict[str, Any] = {}  # of the client, since it was let in
        self._tunnels = Tunnels(
            dict.fromkeys((HOST,), place),
            self.names,
            self.door,
            Quota(**{"per_client": 2, "idle_s": 3_600, **quota}),
            as_by_now=self._as_by_now,
            meter=self,
        )
        self.aclose = self._tunnels.aclose

    def _as_by_now(self, credential: Credential, peer: str | None) -> Credential:
        assert peer == "127.0.0.1"
        for error in self.refused:
            raise error
        client = credential.client.model_copy(update=self.changed)
        return credential._replace(client=client)

    def opened(self) -> None:
        self.meter.append((0, 0))

    def closed(self, sent_bytes: int, received_bytes: int) -> None:
        self.meter.append((sent_bytes, received_bytes))

    async def open(self, transport: asyncio.Transport, visitor: Visitor) -> None:
        await self._tunnels.open(transport, visitor)


async def test_a_tool_talks_to_wechat_and_nobody_reads_along(open_front: Opens) -> None:
    async with shouting() as port:
        way = Counted(Place("127.0.0.1", port, is_ours=True))
        async with open_front(way) as front:
            reader, writer = await front.say(connect())
            assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
            writer.write(b"\x16\x03\x01 anything")
            assert await reader.readexactly(12) == b"\x16\x03\x01 ANYTHING"
            assert (front.door.inside, way.door.inside) == (1, 1)
            writer.close()
            await front.is_empty()
            assert way.door.inside == 0
            assert way.meter == [(0, 0), (12, 12)]


async def test_a_key_that_is_taken_back_ends_its_tunnels(open_front: Opens) -> None:
    async with shouting() as port:
        way = Counted(Place("127.0.0.1", port, is_ours=True), look_s=0.1)
        async with open_front(way) as front:
            reader, writer = await front.say(connect())
            await reader.readexactly(len(ESTABLISHED))
            way.refused.append(KeyWrong())
            with structlog.testing.capture_logs() as said:
                async with asyncio.timeout(30):  # not by its own age
                    assert await reader.read() == b""
                await front.is_empty()
            assert {"client": "blog", "code": "auth_key_wrong"}.items() <= said[0].items()
            writer.close()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "100.64.0.1", "::1", "fd00::1"]
)
async def test_a_name_server_cannot_lead_inside(open_front: Opens, address: str) -> None:
    async with shouting() as port:
        way = Counted(Place(HOST, port, is_ours=False), Names(address))
        async with open_front(way) as front:
            said = await front.answer(connect())
            assert said.startswith(b"HTTP/1.1 502 ")
            assert b"forward_dns_refused" in said
            assert way.names.asked == [HOST]
            await front.is_empty()
            assert way.door.inside == 0


async def test_a_name_server_that_says_nothing_holds_nobody_for_long(
    open_front: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Names):
        async def resolve(self, host: str, port: int) -> list[Address]:
            await asyncio.Event().wait()
            return await super().resolve(host, port)

    monkeypatch.setattr("server.forward.tunnel._ATTEMPT_S", 0.1)
    way = Counted(Place(HOST, 443, is_ours=False), Silent())
    async with open_front(way) as front:
        said = await front.answer(connect())
        assert said.startswith(b"HTTP/1.1 502 ")
        assert b"forward_unreachable" in said
        await front.is_empty()
        assert way.door.inside == 0


async def test_who_may_only_read_gets_no_tunnel(open_front: Opens) -> None:
    way = Counted(Place("127.0.0.1", free_port(), is_ours=True))
    async with open_front(way) as front:
        said = await front.answer(connect(READER_KEY, client="reader"))
        assert said.startswith(b"HTTP/1.1 403 ")
        assert b"scope_missing" in said


async def test_a_tunnel_is_no_way_around_approval(open_front: Opens) -> None:
    blog = BLOG.client.model_copy(update={"approve_publish": True})
    restricted = replace(visitor(), credential=BLOG._replace(client=blog))
    async with shouting() as port:
        way = Counted(Place("127.0.0.1", port, is_ours=True), look_s=0.1)
        with pytest.raises(ApprovalNeeded):
            await way.open(asyncio.Transport(), restricted)
        async with open_front(way) as front:
            reader, writer = await front.say(connect())
            await reader.readexactly(len(ESTABLISHED))
            way.changed = {"approve_publish": True}
            assert await reader.read() == b""
            await front.is_empty()
            writer.close()


async def test_a_client_has_so_many_tunnels_and_no_more(open_front: Opens) -> None:
    async with shouting() as port:
        way = Counted(Place("127.0.0.1", port, is_ours=True))
        async with open_front(way) as front:
            held = [await front.say(connect()) for _ in range(2)]
            for reader, _ in held:
                await reader.readexactly(len(ESTABLISHED))
            said = await front.answer(connect())
            assert said.startswith(b"HTTP/1.1 429 ")
            assert b"forward_too_many_tunnels" in said
            held[0][1].close()
            async with asyncio.timeout(20):
                while front.door.inside > 1:
                    await asyncio.sleep(0.01)
            reader, writer = await front.say(connect())
            assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
            for _, each in (held[1], (reader, writer)):
                each.close()


async def test_a_host_that_is_away_is_told(open_front: Opens) -> None:
    way = Counted(Place("127.0.0.1", free_port(), is_ours=True))
    async with open_front(way) as front:
        said = await front.answer(connect())
        assert said.startswith(b"HTTP/1.1 502 ")
        assert b"forward_unreachable" in said
        assert way.door.inside == 0


async def test_the_end_of_the_gateway_ends_them_all(open_front: Opens) -> None:
    async with shouting() as port:
        way = Counted(Place("127.0.0.1", port, is_ours=True))
        async with open_front(way) as front:
            reader, writer = await front.say(connect())
            await reader.readexactly(len(ESTABLISHED))
            await way.aclose()
            assert (way.door.inside, front.door.inside) == (0, 0)
            assert await reader.read() == b""
            writer.close()
