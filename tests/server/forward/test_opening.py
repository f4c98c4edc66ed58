"""Both modes in a whole gateway; what clients see is in tests/e2e/test_forward.py."""

import asyncio
from typing import Any

import pytest

from server.forward.answer import ESTABLISHED
from tests.e2e.conftest import KEY, open_stand
from tests.e2e.conftest import Opens as OpensStand
from tests.server.forward.conftest import connect

__all__ = ["open_stand"]


def forwarded(mode: str) -> dict[str, Any]:
    return {"forward": {"listen": "127.0.0.1:1", "mode": mode}}


async def test_a_tunnel_leads_to_the_sandbox_in_wechats_place(open_stand: OpensStand) -> None:
    async with open_stand(forwarded("tunnel")) as stand:
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.forward_port)
        writer.write(connect(KEY))
        assert await reader.readexactly(len(ESTABLISHED)) == ESTABLISHED
        writer.write(b"GET /cgi-bin/draft/count HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(20):
            assert b"41001" in await reader.read()  # WeChat's own words: nobody helped
        writer.close()
        assert not (stand.data_dir / "ca").exists()


@pytest.mark.parametrize("mode", ["inspect", "tunnel"])
async def test_nobody_is_left_when_the_gateway_stops(open_stand: OpensStand, mode: str) -> None:
    async with open_stand(forwarded(mode)) as stand:
        reader, writer = await asyncio.open_connection("127.0.0.1", stand.forward_port)
        writer.write(b"CONNECT api")
        inside, other = await asyncio.open_connection("127.0.0.1", stand.forward_port)
        other.write(connect(KEY))
        assert await inside.readexactly(len(ESTABLISHED)) == ESTABLISHED
    async with asyncio.timeout(20):
        for each in (reader, inside):
            try:
                assert await each.read() == b""
            except ConnectionResetError:
                continue
    for its in (writer, other):
        its.close()
