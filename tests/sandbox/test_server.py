import ssl
from pathlib import Path

import httpx
import pytest

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.sandbox.caller import Caller, png


async def test_all_state_survives_a_restart(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path, publish_s=3600)
    async with run_sandbox(settings) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as http:
        caller = Caller(sandbox, http)
        image, media_id = await caller.image(), await caller.draft()
        publish_id = await caller.submit(media_id)
        token = (await caller.stable())["access_token"]
        kinds = [entry.kind for entry in sandbox.ledger.entries()]
    async with run_sandbox(settings) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as http:
        caller = Caller(sandbox, http)
        assert [entry.kind for entry in sandbox.ledger.entries()] == kinds
        assert (await caller.stable())["access_token"] == token
        assert (await caller.read(media_id))["title"] == "标题"
        assert (await http.get(image.replace("http://mmbiz.qpic.cn", "/mmbiz"))).content == png()
        assert (await caller.status(publish_id))["publish_status"] == 1
        await caller.advance(3600)
        assert (await caller.status(publish_id))["publish_status"] == 0


async def test_sandboxes_beside_each_other_share_nothing() -> None:
    settings = SandboxSettings()
    async with (
        run_sandbox(settings) as one,
        run_sandbox(settings) as other,
        httpx.AsyncClient(base_url=one.url) as http,
    ):
        assert one.port != other.port
        await Caller(one, http).draft()
        assert other.ledger.entries() == []
        assert other.calls.count() == 0


async def test_it_speaks_https(tls_files: tuple[str, str]) -> None:
    cert, key = tls_files
    context = ssl.create_default_context(cafile=cert)
    async with (
        run_sandbox(SandboxSettings(publish_s=0), tls_cert=cert, tls_key=key) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url, verify=context) as http,
    ):
        assert sandbox.url == f"https://127.0.0.1:{sandbox.port}"
        caller = Caller(sandbox, http)
        done = await caller.status(await caller.submit(await caller.draft()))
        page = done["article_detail"]["item"][0]["article_url"]
        assert (await http.get(page)).status_code == 200


async def test_publications_end_without_anybody_asking() -> None:
    async with (
        run_sandbox(SandboxSettings(publish_s=0.01)) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url) as http,
    ):
        caller = Caller(sandbox, http)
        await caller.submit(await caller.draft())
        while not sandbox.ledger.entries("article"):
            # Any other path: only the sandbox's own clockwork may end it.
            await http.get("/sandbox/faults")


async def test_a_taken_port_is_an_error() -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        with pytest.raises(OSError, match="address already in use"):
            async with run_sandbox(SandboxSettings(), port=sandbox.port):
                pass
