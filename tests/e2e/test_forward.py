"""Tools that know WeChat's host alone, through the forward proxy: real TLS, real clients."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.doors import listen_on
from tests.e2e.conftest import KEY, Opens, Stand, configuration
from tests.e2e.processes import serve, write_toml
from tests.jobs.rig import PNG

FORWARD = {"forward": {"listen": "127.0.0.1:1", "mode": "inspect"}}
WECHAT = "https://api.weixin.qq.com"
MAIN = {"X-Wxgate-Account": "main"}
SECRET = "0123456789abcdef0123456789abcdef"  # made up: the tool does not know the real one


def proxy_url(stand: Stand, key: str = KEY, client: str = "blog") -> str:
    return f"http://{client}:{key}@127.0.0.1:{stand.forward_port}"


def trusting(stand: Stand) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(stand.data_dir / "ca" / "ca.pem"))


@asynccontextmanager
async def tool(stand: Stand, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A tool that was told of a proxy and a CA, and nothing else."""
    options.setdefault("proxy", proxy_url(stand))
    if "verify" not in options:
        options["verify"] = trusting(stand)
    defaults = {"base_url": WECHAT, "trust_env": False, "timeout": 60}
    async with httpx.AsyncClient(**{**defaults, **options}) as client:
        yield client


@pytest.fixture
async def inspected(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand(FORWARD) as opened:
        yield opened


async def token_of(http: httpx.AsyncClient) -> str:
    query = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": SECRET}
    answer = (await http.get("/cgi-bin/token", params=query)).json()
    assert set(answer) == {"access_token", "expires_in"}, answer
    return str(answer["access_token"])


async def test_token_picture_draft_and_publication(inspected: Stand) -> None:
    async with tool(inspected) as http:
        at = {"access_token": await token_of(http)}
        picture = {"media": ("a.png", PNG, "image/png")}
        cover = await http.post(
            "/cgi-bin/material/add_material", params={**at, "type": "image"}, files=picture
        )
        article = {"title": "t", "content": "<p>c</p>", "thumb_media_id": cover.json()["media_id"]}
        draft = await http.post("/cgi-bin/draft/add", params=at, json={"articles": [article]})
        media_id = draft.json()["media_id"]
        done = await http.post(
            "/cgi-bin/freepublish/submit", params=at, json={"media_id": media_id}
        )
        assert done.json()["errcode"] == 0
    assert len(inspected.committed("draft")) == 1


async def test_twenty_cold_calls_cost_one_token(inspected: Stand) -> None:
    async with tool(inspected) as http:
        await asyncio.gather(*(token_of(http) for _ in range(20)))
    assert inspected.calls()["/cgi-bin/stable_token"] == 1


async def test_a_token_that_dies_in_mid_life_is_nobodys_concern(inspected: Stand) -> None:
    async with tool(inspected) as http:
        at = {"access_token": await token_of(http)}
        assert "total_count" in (await http.get("/cgi-bin/draft/count", params=at)).json()
        inspected.sandbox.faults.add(
            Fault(kind="errcode", path="/cgi-bin/draft/count", errcode=40001)
        )
        assert "total_count" in (await http.get("/cgi-bin/draft/count", params=at)).json()


async def test_many_calls_go_over_one_connection(inspected: Stand) -> None:
    async with tool(inspected) as http:
        streams = set()
        for _ in range(3):
            # No token at all: the connection has told who calls.
            answer = await http.get("/cgi-bin/draft/count", headers=MAIN)
            assert "total_count" in answer.json()
            stream = answer.extensions["network_stream"]
            streams.add(stream.get_extra_info("client_addr"))
            assert stream.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert len(streams) == 1


@pytest.mark.parametrize(
    ("client", "key"), [("blog", KEY + "x"), ("other", KEY), ("blog", "wxg_other_" + "0" * 24)]
)
async def test_a_wrong_key_is_told_in_the_proxys_own_words(
    inspected: Stand, client: str, key: str
) -> None:
    async with tool(inspected, proxy=proxy_url(inspected, key, client)) as http:
        with pytest.raises(httpx.ProxyError, match=r"407 .*wxgate: the client key is wrong"):
            await http.get("/cgi-bin/draft/count")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://api.weixin.qq.com:8443/cgi-bin/token",
        "https://127.0.0.1/",
        "https://169.254.169.254/",
    ],
)
async def test_no_other_host_is_reached(inspected: Stand, url: str) -> None:
    async with tool(inspected) as http:
        with pytest.raises(httpx.ProxyError, match="403 "):
            await http.get(url)


async def test_only_the_relay_is_inside(inspected: Stand) -> None:
    async with tool(inspected) as http:
        for path in ("/v1/jobs", "/metrics", "/docs", "/health", "/mcp", "/wenyan/health"):
            answer = await http.get(path, headers={"Authorization": f"Bearer {KEY}"})
            assert (answer.status_code, answer.json()["errcode"]) == (404, 40066), path
        other = await http.get("/cgi-bin/draft/count", headers={"Host": "mp.weixin.qq.com"})
        assert other.json()["error"]["code"] == "forward_host_differs"


async def test_a_tool_that_does_not_trust_the_ca_says_nothing(inspected: Stand) -> None:
    async with tool(inspected, verify=ssl.create_default_context()) as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await http.get("/cgi-bin/draft/count")
    assert inspected.calls() == {}


async def test_curl_goes_through(inspected: Stand) -> None:
    curl = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--show-error", "--proxy", proxy_url(inspected)),
        *("--cacert", str(inspected.data_dir / "ca" / "ca.pem")),
        *("--header", "X-Wxgate-Account: main", f"{WECHAT}/cgi-bin/draft/count"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await curl.communicate()
    assert curl.returncode == 0
    assert b"total_count" in out


async def test_a_gateway_of_its_own_process_serves_both_ports_and_logs_no_secret(
    tmp_path: Path,
) -> None:
    ports = []
    for _ in range(2):
        with listen_on("127.0.0.1:0") as free:
            ports.append(free.getsockname()[1])
    async with run_sandbox(SandboxSettings()) as sandbox:
        await _serve_and_call(sandbox, tmp_path, ports)


async def _serve_and_call(sandbox: RunningSandbox, tmp_path: Path, ports: list[int]) -> None:
    config = configuration(sandbox, tmp_path / "data", ports[0])
    config["forward"] = {"listen": f"127.0.0.1:{ports[1]}"}
    config["log"] = {"level": "info"}
    write_toml(tmp_path / "gate.toml", config)
    with (tmp_path / "log").open("wb") as log:
        url = config["server"]["public_url"]
        async with serve(tmp_path / "gate.toml", url, KEY, stderr=log):
            at_home = Stand(url, sandbox, None, tmp_path / "data", None, ports[1])  # type: ignore[arg-type]
            async with tool(at_home) as http:
                token = await token_of(http)
                query = {"access_token": token}
                for _ in range(2):
                    counted = await http.get("/cgi-bin/draft/count", params=query)
                    assert "total_count" in counted.json()
    said = (tmp_path / "log").read_text("utf-8")
    assert "forward connection" in said
    assert "/cgi-bin/token" in said
    for secret in (SECRET, KEY, token, VERIFIED.app_secret):
        assert secret not in said
