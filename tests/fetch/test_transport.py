import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.transport import GuardedTransport
from tests.fetch.conftest import PNG, Host, ScriptedResolver, http


def _transport(*answers: list[str], ca: trustme.CA | None = None) -> GuardedTransport:
    context = ssl.create_default_context()
    if ca is not None:
        ca.configure_trust(context)
    backend = GuardedBackend(AddressPolicy(["127.0.0.0/8"]), ScriptedResolver(*answers))
    return GuardedTransport(backend, context)


async def test_each_request_has_a_connection_of_its_own(host: Host) -> None:
    # After its answer the host sends another one, meant for whoever asks next.
    host.answers = {"/a": http(b"good") + http(b"EVIL"), "/b": http(b"fine")}
    async with httpx.AsyncClient(transport=_transport(), trust_env=False) as client:
        assert (await client.get(host.url("/a"))).content == b"good"
        assert (await client.get(host.url("/b"))).content == b"fine"


async def test_tls_checks_the_name_although_an_address_is_connected() -> None:
    ca = trustme.CA()
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("good.example").configure_cert(server_context)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(PNG))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    transport = _transport(["127.0.0.1"], ["127.0.0.1"], ca=ca)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        assert (await client.get(f"https://good.example:{port}/")).content == PNG
        with pytest.raises(httpx.ConnectError):
            await client.get(f"https://evil.example:{port}/")
    server.close()
    await server.wait_closed()


async def test_a_burst_of_cancellations_leaves_nothing_jammed(host: Host) -> None:
    async def stall(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await asyncio.sleep(0.2)

    host.answers = {"/stall": stall, "/ok": http(PNG)}
    async with httpx.AsyncClient(transport=_transport(), trust_env=False) as client:
        calls = [asyncio.wait_for(client.get(host.url("/stall")), 0.005) for _ in range(60)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, TimeoutError) for result in results)
        assert (await client.get(host.url("/ok"))).content == PNG


async def test_what_httpcore_raises_arrives_as_httpx_errors(host: Host, tmp_path: Path) -> None:
    host.answers = {"/cut": http(PNG, content_length="9999"), "/no": b"garbage\r\n\r\n"}
    async with httpx.AsyncClient(transport=_transport(), trust_env=False) as client:
        for path in ("/cut", "/no"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(host.url(path))
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.2:1/")
