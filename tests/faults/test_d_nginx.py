"""The same gateway behind a real nginx with the configuration of deploy/nginx."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import free_port
from tests.faults.test_d_framing import FRAMINGS, HIDDEN, smuggled
from tests.faults.test_d_paths import TRICKS
from tests.faults.wire import ACCOUNT, COUNT, Wire, ask, get, post, still_serves, upstream, wire

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SAMPLE = Path(__file__).parents[2] / "deploy" / "nginx" / "wxgate.conf"
pytestmark = [
    pytest.mark.skipif(
        NGINX is None and not os.environ.get("CI"), reason="nginx is not installed here"
    ),
    pytest.mark.skipif(sys.platform == "darwin", reason="loopback is 127.0.0.1 alone"),
]
PROXIED = {"server": {"trusted_proxies": ["127.0.0.1/32"]}}
_CONFIG = """
daemon off; master_process off; worker_processes 1; pid {tmp}/nginx.pid;
error_log {tmp}/error.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {tmp}/body; proxy_temp_path {tmp}/proxy; fastcgi_temp_path {tmp}/f;
    uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
    {sample}
}}
"""


def configured(tmp: Path, port: int, gateway: str) -> str:
    """The sample without its TLS, on a port of ours."""
    sample = SAMPLE.read_text("utf-8")
    sample = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", sample)
    sample = re.sub(r"ssl_certificate\w* \S+;", "", sample)
    sample = sample.replace("server 127.0.0.1:8080;", f"server {gateway};")
    return _CONFIG.format(tmp=tmp, sample=sample.replace("gate.example.com", "127.0.0.1"))


@asynccontextmanager
async def nginx(tmp: Path, stand: Any) -> AsyncIterator[str]:
    """The URL of nginx in front of `stand`."""
    assert NGINX is not None, "CI must have nginx"
    port = free_port()
    (tmp / "nginx.conf").write_text(configured(tmp, port, stand.url[7:]), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(NGINX, "-p", str(tmp), "-c", str(tmp / "nginx.conf"), "-e", str(tmp / "error.log"))
    )
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    assert process.returncode is None, (tmp / "error.log").read_text()
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def test_064_067_nothing_is_smuggled_through_two_parsers(
    open_stand: Any, tmp_path: Path
) -> None:
    async with open_stand(PROXIED) as stand, nginx(tmp_path, stand) as url:
        for request in FRAMINGS.values():
            async with wire(url) as one:
                await one.send(request + smuggled())
                answer = await one.answer()
                assert answer is None or answer.status >= 400, request
        assert HIDDEN not in {seen.path for seen in upstream(stand)}
        for path in TRICKS:
            answer = await ask(url, get(path))
            assert answer is not None, path
            assert answer.status in (400, 404), path
        assert upstream(stand) == []
        await still_serves(type(stand)(**{**vars(stand), "url": url}))


async def test_070_the_callers_real_address_and_request_id_come_through(
    open_stand: Any, tmp_path: Path
) -> None:
    client = {
        "id": "blog", "key": ACCOUNT.split()[2], "accounts": ["main"], "scopes": ["relay:read"],
        "allow_ips": ["192.0.2.0/24"],
    }  # fmt: skip
    async with (
        open_stand({**PROXIED, "clients": [client]}) as stand,
        nginx(tmp_path, stand) as url,
    ):
        reader, writer = await asyncio.open_connection(
            *url[7:].split(":"), local_addr=("127.0.0.2", 0)
        )
        one = Wire(reader, writer)
        await one.send(get(COUNT, "X-Forwarded-For: 192.0.2.1", "X-Request-Id: from-the-caller"))
        answer = await one.answer()
        writer.close()
        await writer.wait_closed()
        assert answer is not None
        assert (answer.code, answer.headers["x-request-id"]) == (
            "ip_not_allowed",
            "from-the-caller",
        )
        assert "127.0.0.2" in answer.json["error"]["message"]


async def test_072_a_large_upload_passes_and_one_too_large_gets_our_own_answer(
    open_stand: Any, tmp_path: Path
) -> None:
    async with open_stand(PROXIED) as stand, nginx(tmp_path, stand) as url:
        path = "/cgi-bin/draft/batchget"
        answer = await ask(url, post(b" " * 15_000_000 + b"{}", path=path))
        assert answer is not None
        assert upstream(stand)[-1].length == 15_000_002
        refused = await ask(url, post(b" " * 21_000_000, path=path))
        assert refused is not None
        assert (refused.status, refused.code) == (413, "body_too_large")


async def test_events_are_not_held_back(open_stand: Any, tmp_path: Path) -> None:
    async with open_stand(PROXIED) as stand, nginx(tmp_path, stand) as url:
        at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        fields = {"markdown": "# 一\n\n二", "publish_at": at, "action": "publish"}
        job = (await stand.http.post("/v1/accounts/main/articles", json=fields)).json()
        async with wire(url) as one, asyncio.timeout(20):
            await one.send(get(f"/v1/jobs/{job['id']}/events"))
            assert b"event: job" in await one.reader.readuntil(b"event: job")
