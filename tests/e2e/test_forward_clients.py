"""Real clients of other languages that were told of a proxy and a CA, and of nothing else."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from sandbox.settings import VERIFIED
from tests.e2e.conftest import Opens, Stand
from tests.e2e.test_forward import FORWARD, MAIN, proxy_url
from tests.examples.tools import needs
from tests.jobs.rig import PNG

FOLDER = Path(__file__).parent / "proxied"
TITLE = "中文标题：经正向代理😀"
_AGENTS = (
    "/usr/lib/node_modules/npm/node_modules",
    "/usr/local/lib/node_modules/npm/node_modules",
    "/usr/share/nodejs",
)


class Tool(NamedTuple):
    """How a language is told."""

    command: tuple[str, ...]
    ca_variable: str = ""  # names the file of those that it trusts
    ca_options: Callable[[Path], list[str]] = lambda _: []
    proxy_options: Callable[[str], list[str]] = lambda _: []


def _php(ca: Path) -> list[str]:
    return ["-d", f"openssl.cafile={ca}", "-d", f"curl.cainfo={ca}"]


def _java(ca: Path) -> list[str]:
    store = ca.with_suffix(".p12")
    return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]


def _java_proxy(proxy: str) -> list[str]:
    address = urlsplit(proxy)
    return [
        *(f"-Dhttps.proxyHost={address.hostname}", f"-Dhttps.proxyPort={address.port}"),
        # Java sends no Basic to a proxy for HTTPS unless it is told that it may.
        *("-Djdk.http.auth.tunneling.disabledSchemes=", "-Dfile.encoding=UTF-8"),
    ]


def _agent() -> str:
    found = (Path(folder) / "https-proxy-agent" for folder in _AGENTS)
    return next((str(path) for path in found if path.is_dir()), "")


PYTHON = (sys.executable, "-X", "utf8")
TOOLS = {
    "curl.sh": Tool(("bash",), "CURL_CA_BUNDLE"),
    "with_requests.py": Tool(PYTHON, "REQUESTS_CA_BUNDLE"),
    "with_httpx.py": Tool(PYTHON, "SSL_CERT_FILE"),
    "with_urllib.py": Tool(PYTHON, "SSL_CERT_FILE"),
    "built_in.mjs": Tool(("node",), "NODE_EXTRA_CA_CERTS"),
    "with_agent.cjs": Tool(("node",), "NODE_EXTRA_CA_CERTS"),
    "fetch.mjs": Tool(("node",), "NODE_EXTRA_CA_CERTS"),
    "main.go": Tool(("go", "run"), "SSL_CERT_FILE"),
    "streams.php": Tool(("php",), ca_options=_php),
    "curl.php": Tool(("php",), ca_options=_php),
    "Client.java": Tool(("java",), ca_options=_java, proxy_options=_java_proxy),
}
CASES = [
    pytest.param(name, marks=needs(*(each for each in tool.command[:1] if each != sys.executable)))
    for name, tool in TOOLS.items()
]


def test_every_client_is_run() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == set(TOOLS)


async def run(*command: str | Path, **environment: str) -> tuple[int | None, str, str]:
    """Its exit status, output and errors; it knows of nothing but `environment`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=FOLDER,
        env={**kept, "LC_ALL": "C.UTF-8", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(150):
        out, told = await process.communicate()
    return process.returncode, out.decode(), told.decode("utf-8", "replace")


async def skip_unless_possible(name: str) -> None:
    if name == "with_agent.cjs" and not _agent():
        pytest.skip("npm has no https-proxy-agent of its own here")
    if name == "curl.php" and (await run("php", "-r", "exit((int) !extension_loaded('curl'));"))[0]:
        pytest.skip("PHP without ext-curl")
    if name == "fetch.mjs":
        _, version, _ = await run("node", "-p", "process.versions.node")
        if tuple(map(int, version.split(".")))[:2] < (24, 5):
            pytest.skip("Node's fetch goes by HTTPS_PROXY since 24.5 and 22.21")


async def article(stand: Stand) -> str:
    """A draft as a tool sends it."""
    picture = {"media": ("a.png", PNG, "image/png")}
    cover = await stand.http.post(
        "/cgi-bin/material/add_material?type=image", files=picture, headers=MAIN
    )
    fields = {"title": TITLE, "content": "<p>正文</p>", "thumb_media_id": cover.json()["media_id"]}
    return json.dumps({"articles": [fields]}, ensure_ascii=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
async def test_a_client_makes_a_draft_if_it_trusts_the_ca_and_not_else(
    open_stand: Opens, tmp_path: Path, name: str
) -> None:
    await skip_unless_possible(name)
    async with open_stand(FORWARD) as stand:
        proxy, ca = proxy_url(stand), stand.data_dir / "ca" / "ca.pem"
        tool = TOOLS[name]
        environment = {
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "NODE_USE_ENV_PROXY": "1",
            "APP_ID": VERIFIED.app_id,
            "DRAFT": await article(stand),
            "AGENT": _agent(),
            "GOCACHE": str(tmp_path / "cache"),
            "GOPATH": str(tmp_path / "go"),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
        }
        before = stand.calls()
        options = tool.proxy_options(proxy)
        status, out, told = await run(*tool.command, *options, name, **environment)
        assert status != 0, out
        assert "certif" in f"{out}{told}".lower()
        assert stand.calls() == before

        if name == "Client.java":
            await trust_in_java(ca)
        if tool.ca_variable:
            environment[tool.ca_variable] = str(ca)
        options += tool.ca_options(ca)
        status, out, told = await run(*tool.command, *options, name, **environment)
        assert status == 0, told
        assert "media_id" in json.loads(out), out
        (made,) = stand.committed("draft")
        assert TITLE in json.dumps(made.data, ensure_ascii=False)


async def trust_in_java(ca: Path) -> None:
    keytool = shutil.which("keytool")
    assert keytool
    store: list[Any] = ["-keystore", ca.with_suffix(".p12"), "-storepass", "changeit"]
    importing = ("-importcert", "-noprompt", "-alias", "wxgate", "-file", ca)
    assert (await run(keytool, *importing, *store))[0] == 0
