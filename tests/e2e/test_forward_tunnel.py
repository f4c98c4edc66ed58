"""Tunnels to a WeChat that speaks TLS, and what becomes of both modes when the gateway stops."""

import asyncio
import json
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.doors import listen_on
from server.forward.answer import ESTABLISHED
from server.process import gateway_in_background
from server.settings import Settings
from tests.e2e.conftest import KEY, Stand, configuration
from tests.e2e.processes import Served, serve, write_toml
from tests.e2e.test_forward import MAIN, tool
from tests.jobs.rig import PNG
from tests.server.forward.conftest import connect

COUNT = "/cgi-bin/draft/count"
SLOW = Fault(kind="slow", path=COUNT, seconds=1)


@asynccontextmanager
async def wechat(folder: Path) -> AsyncIterator[tuple[RunningSandbox, ssl.SSLContext]]:
    """A sandbox with a certificate as WeChat has one, and who trusts it."""
    authority = trustme.CA()
    issued = authority.issue_cert("api.weixin.qq.com", "127.0.0.1")
    cert, key = folder / "cert.pem", folder / "key.pem"
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(cert), append=True)
    issued.private_key_pem.write_to_path(str(key))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with run_sandbox(SandboxSettings(), tls_cert=str(cert), tls_key=str(key)) as sandbox:
        yield sandbox, trusting


@asynccontextmanager
async def tunnelling(sandbox: RunningSandbox, folder: Path) -> AsyncIterator[tuple[Stand, Any]]:
    """A gateway of the mode `tunnel`, and its metrics as a page."""
    with listen_on("127.0.0.1:0") as listener, listen_on("127.0.0.1:0") as door:
        config = configuration(sandbox, folder / "data", listener.getsockname()[1])
        config["forward"] = {"listen": "127.0.0.1:1", "mode": "tunnel"}
        port = door.getsockname()[1]
        async with gateway_in_background(Settings(**config), listener, door) as gateway:
            nobody: Any = None
            yield (
                Stand("", sandbox, nobody, folder / "data", gateway.starlette, port),
                lambda: gateway.metrics.render().decode(),
            )


async def draft_of(http: httpx.AsyncClient) -> str:
    """Token, picture and draft as a tool does it that knows the AppSecret."""
    query = {
        "grant_type": "client_credential",
        "appid": VERIFIED.app_id,
        "secret": VERIFIED.app_secret,
    }
    token = (await http.get("/cgi-bin/token", params=query)).json()["access_token"]
    at = {"access_token": token}
    picture = {"media": ("a.png", PNG, "image/png")}
    cover = await http.post(
        "/cgi-bin/material/add_material", params={**at, "type": "image"}, files=picture
    )
    article = {"title": "隧道里的标题", "content": "<p>c</p>"}
    article["thumb_media_id"] = cover.json()["media_id"]
    body = json.dumps({"articles": [article]}, ensure_ascii=False).encode()
    made = await http.post("/cgi-bin/draft/add", params=at, content=body)
    return str(made.json()["media_id"])


async def test_a_tool_speaks_tls_with_wechat_itself_and_is_counted(tmp_path: Path) -> None:
    async with (
        wechat(tmp_path) as (sandbox, trusting),
        tunnelling(sandbox, tmp_path) as (stand, metrics),
    ):
        async with tool(stand, verify=trusting) as http:
            assert await draft_of(http)
            (draft,) = sandbox.ledger.entries("draft")
            assert "隧道里的标题" in json.dumps(draft.data, ensure_ascii=False)
            assert "wxgate_forward_tunnels 1.0" in metrics()
            with pytest.raises(httpx.ProxyError, match="403 "):
                await http.get("https://example.com/")
        async with asyncio.timeout(20):
            while "wxgate_forward_tunnels 0.0" not in metrics():
                await asyncio.sleep(0.01)
        page = metrics()
        for direction in ("sent", "received"):
            (line,) = [row for row in page.splitlines() if f'="{direction}"}}' in row]
            assert float(line.split()[-1]) > 500
        assert 'wxgate_connections_cut_total{reason="forward_host_refused"} 1.0' in page
        # Nobody had to trust wxgate for it.
        assert not (stand.data_dir / "ca").exists()


async def test_a_tool_that_asks_wechat_for_the_wrong_name_hears_it_from_wechat(
    tmp_path: Path,
) -> None:
    async with (
        wechat(tmp_path) as (sandbox, trusting),
        tunnelling(sandbox, tmp_path) as (stand, _),
        tool(stand, verify=trusting) as http,
    ):
        with pytest.raises(httpx.ConnectError, match=r"not valid for 'mp\.weixin\.qq\.com'"):
            await http.get("https://mp.weixin.qq.com/")


class Process:
    """`wxgate serve` with a forward proxy, and the sandbox behind it."""

    def __init__(self, served: Served, sandbox: RunningSandbox, stand: Stand) -> None:
        self.served, self.sandbox, self.stand = served, sandbox, stand

    async def stops_while_wechat_is_asked(self) -> None:
        """Send SIGTERM once WeChat has the request."""
        async with asyncio.timeout(20):
            while not self.sandbox.faults.happened:
                await asyncio.sleep(0.01)
        self.served.process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def serving(folder: Path, mode: str, drain_s: float) -> AsyncIterator[Process]:
    ports = []
    for _ in range(2):
        with listen_on("127.0.0.1:0") as free:
            ports.append(free.getsockname()[1])
    async with run_sandbox(SandboxSettings()) as sandbox:
        config = configuration(sandbox, folder / "data", ports[0])
        config["forward"] = {"listen": f"127.0.0.1:{ports[1]}", "mode": mode}
        config["server"]["drain_s"] = drain_s
        write_toml(folder / "gate.toml", config)
        url = config["server"]["public_url"]
        nobody: Any = None
        async with serve(folder / "gate.toml", url, KEY) as served:
            stand = Stand(url, sandbox, nobody, folder / "data", nobody, ports[1])
            yield Process(served, sandbox, stand)


async def test_a_call_inside_of_tls_is_answered_before_the_gateway_stops(tmp_path: Path) -> None:
    async with serving(tmp_path, "inspect", 0) as process, tool(process.stand) as http:
        process.sandbox.faults.add(SLOW)
        async with asyncio.TaskGroup() as group:
            call = group.create_task(http.get(COUNT, headers=MAIN))
            await process.stops_while_wechat_is_asked()
        assert call.result().json() == {"total_count": 0}
        assert await process.served.gone() == 0


async def test_what_goes_through_a_tunnel_may_end_before_the_tunnel_does(tmp_path: Path) -> None:
    async with serving(tmp_path, "tunnel", 4) as process:
        process.sandbox.faults.add(SLOW)
        port = process.stand.forward_port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        idle, other = await asyncio.open_connection("127.0.0.1", port)
        for each in (writer, other):
            each.write(connect(KEY))
        for its in (reader, idle):
            assert await its.readexactly(len(ESTABLISHED)) == ESTABLISHED
        writer.write(f"GET {COUNT} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        await process.stops_while_wechat_is_asked()
        async with asyncio.timeout(30):
            assert b"41001" in await reader.read()
            assert await idle.read() == b""
        assert await process.served.gone() == 0
        for each in (writer, other):
            each.close()
