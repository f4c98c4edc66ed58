"""Section J: where a secret must not turn up."""

import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from scripts.canaries import find_leaks
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import Served, serve, write_toml

ROOT = Path(__file__).parent.parent.parent
COUNT, ADD = "/cgi-bin/draft/count", "/cgi-bin/draft/add"
MAIN = {"X-Wxgate-Account": "main"}


@asynccontextmanager
async def gateway(tmp_path: Path) -> AsyncIterator[tuple[Served, RunningSandbox, Path]]:
    """`wxgate serve` that logs all it can into a file."""
    log = tmp_path / "stderr.jsonl"
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox:
        config = configuration(sandbox, tmp_path / "data", free_port())
        del config["fetch"]  # a warning about it is no line of the log
        config["log"] = {"level": "debug", "format": "json"}
        write_toml(tmp_path / "gate.toml", config)
        with log.open("wb") as stderr:
            url = config["server"]["public_url"]
            async with serve(tmp_path / "gate.toml", url, KEY, stderr=stderr) as served:
                yield served, sandbox, log


async def misuse(http: httpx.AsyncClient, sandbox: RunningSandbox) -> list[httpx.Response]:
    """Every way in which people hand secrets over, right and wrong; the answers."""
    login = {"grant_type": "client_credential", "appid": VERIFIED.app_id, "secret": KEY}
    token = (await http.get("/cgi-bin/token", params=login)).json()["access_token"]
    real = VERIFIED.app_secret
    answers = [
        await http.get(COUNT, params={"access_token": token}),
        await http.get(COUNT, params={"access_token": KEY}),
        await http.get(f"/cgi-bin/{KEY}/x", headers=MAIN),
        await http.get(COUNT, headers={"X-Wxgate-Account": KEY}),
        await http.get("/cgi-bin/token", params={**login, "secret": real}),
        await http.post("/cgi-bin/stable_token", json={**login, "appid": KEY}),
        await http.get("/v1/jobs", params={"cursor": KEY}),
        await http.get("/v1/jobs", headers={"Authorization": f"Bearer {KEY}x"}),
        await http.get("/v1/jobs", headers={"X-Request-Id": KEY, "User-Agent": KEY}),
        await http.get(f"/v1/jobs/{KEY}"),
        await http.post("/v1/accounts/main/articles", content=f'{{"markdown": "{KEY}'.encode()),
        await http.post(ADD, json={"articles": [{"title": KEY}]}, headers=MAIN),
        *[await http.get(f"/v1/{what}/{KEY}") for what in ("webhooks", "templates")],
        *[await http.put(f"/v1/files/{name}", content=b"x") for name in (KEY, "0" * 64)],
        await http.post("/v1/webhooks", json={"url": f"http://{KEY}@a.test/{KEY}?k={KEY}"}),
        await http.post("/v1/templates/preview", json={"template": {"text": f"{{{{ {KEY} }}}}"}}),
        await http.post("/v1/accounts/main/batches", json={"kind": KEY, "items": [{KEY: KEY}]}),
        await http.post("/v1/accounts/main/schedules", json={"cron": KEY, "timezone": KEY}),
        await http.post("/v1/jobs/retry", json={"ids": [KEY]}),
        await http.post("/callback/main", params={"signature": KEY}, content=KEY),
    ]
    for kind in ("html502", "garbage", "truncate", "reset_before_read", "errcode"):
        sandbox.faults.add(Fault(kind=kind, path=COUNT, errcode=40001))
        answers.append(await http.get(COUNT, params={"access_token": token}))
    return answers


async def test_167_no_secret_is_in_log_database_or_answer_of_a_gateway_that_is_misused(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path) as (served, sandbox, log):
        answers = await misuse(served.http, sandbox)
        metrics = await served.http.get("/metrics")
        told = "\n".join(answer.text for answer in [*answers, metrics])
        (tmp_path / "answers.txt").write_text(told, "utf-8")
    assert all(answer.status_code < 500 or answer.status_code > 501 for answer in answers)
    assert len(log.read_bytes().splitlines()) > len(answers)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"stderr.jsonl", "wxgate.db", "master.key"} <= {path.name for path in files}
    assert [str(leak) for leak in find_leaks(files)] == []


LEAKY_TEST = f"""
import subprocess, sys
from tests.conftest import pytest_configure, pytest_runtest_makereport

def test_a(): assert 1
def test_leaks(tmp_path):
    script = "import sys; print('refused', sys.argv[1], file=sys.stderr)"
    subprocess.run([sys.executable, "-c", script, "{KEY}"], check=True)
"""


def test_167_the_search_finds_a_key_that_a_process_of_a_test_wrote(tmp_path: Path) -> None:
    # Not beside this test's own files, which are searched in the end.
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "conftest.py").write_text(LEAKY_TEST.split("\ndef ", maxsplit=1)[0])
        (directory / "test_leaky.py").write_text(LEAKY_TEST)
        basetemp = f"--basetemp={directory / 'base'}"
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", basetemp, str(directory)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=directory,
            check=True,
            capture_output=True,
        )
        done = subprocess.run(
            [sys.executable, "scripts/canaries.py", str(directory / "base")],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert "client key" in done.stdout
    assert "test_leaky.py::test_leaks" in done.stdout
    assert KEY not in done.stdout


HOSTILE = (
    "a\r\n2026-11-22T00:00:00Z [info] forged",
    "\x1b[2J\x1b]0;title\x07",
    "\u2028\u2029\u0085\u202egnp.exe",
    "nul\x00byte",
    "x" * 3_000,
)


async def test_170_hostile_paths_agents_and_titles_leave_whole_json_lines(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (served, _sandbox, log):
        for text in HOSTILE:
            quoted = httpx.QueryParams({"q": text})
            await served.http.get(f"/v1/{str(quoted)[2:]}", params=quoted)
            await served.http.get(f"/cgi-bin/{str(quoted)[2:]}", params=quoted)
            agent = text.encode("utf-8").replace(b"\r\n", b"\t").replace(b"\x00", b" ")
            await served.http.get(COUNT, headers={b"User-Agent": agent, b"X-Request-Id": agent})
            body = {"markdown": "text", "title": text, "action": text}
            await served.http.post("/v1/accounts/main/articles", json=body)
    lines = log.read_bytes().split(b"\n")[:-1]
    assert len(lines) > 3 * len(HOSTILE)
    for line in lines:
        assert isinstance(json.loads(line), dict)
        assert len(line) < 20_000
    written = log.read_text("utf-8").replace("\n", "")
    assert {unicodedata.category(char) for char in written}.isdisjoint({"Cc", "Zl", "Zp", "Cs"})
    assert "\u202e" not in written


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    """A WeChat whose refusals and error pages repeat the URL that was called."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        url = head.split(" ")[1]
        status, body = "200 OK", json.dumps({"errcode": 47001, "errmsg": f"cannot {url}"})
        if "stable_token" in url:
            body = json.dumps({"access_token": "92_SandboxToken" + "x" * 80, "expires_in": 7200})
        elif "draft/add" not in url:
            status, body = "502 Bad Gateway", f"<h1>cannot reach {url}</h1>"
        answer = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((answer + body).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_171_a_token_that_wechats_error_page_repeats_reaches_nobody(
    open_stand: Any, tmp_path: Path
) -> None:
    async with echo() as url:
        upstream = {"base_urls": [url], "mp_base_url": url}
        async with open_stand(change={"upstream": upstream}) as stand:
            relayed = [
                await stand.http.get(COUNT, headers=MAIN),
                await stand.http.post(ADD, json={"articles": []}, headers=MAIN),
            ]
            job = await stand.http.post(
                "/v1/accounts/main/articles",
                json={"markdown": "# 标题\n\n正文", "title": "标题"},
                headers={"Prefer": "wait=20"},
            )
            answers = "\n".join(answer.text for answer in [*relayed, job])
            headers = str([answer.headers for answer in [*relayed, job]]).lower()
    assert "SandboxToken" not in answers
    assert "referer" not in headers
    (tmp_path / "answers.txt").write_text(answers, "utf-8")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [str(leak) for leak in find_leaks(files)] == []


async def test_172_neither_arguments_nor_a_core_file_can_hold_a_secret(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (served, _sandbox, _log):
        await served.http.post("/v1/render", json={"markdown": "text"})  # starts a worker
        for pid in (served.process.pid, *_children(served.process.pid)):
            limits = Path(f"/proc/{pid}/limits").read_text("ascii")
            assert re.search(r"Max core file size +0 +0 ", limits)
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
            environment = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")
            for secret in (KEY, VERIFIED.app_secret, (tmp_path / "data/master.key").read_text()):
                assert secret.strip() not in arguments + environment


def _children(pid: int) -> list[int]:
    text = "".join(path.read_text("ascii") for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return list(map(int, text.split()))


INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|asyncpg|aiosqlite|sqlite3|SELECT |INSERT |redis\.|"
    r"line \d+, in |0x[0-9a-f]{8}",
    re.IGNORECASE,
)


BODIES = (b"", b"{", b"[]", b"\xff", b'{"a":1}', b"[" * 5_000, b"null")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_175_an_error_tells_nothing_of_the_inside_or_of_other_accounts(
    open_stand: Any, method: str
) -> None:
    paths = [
        *(
            "/v1/jobs",
            "/v1/jobs/x",
            "/v1/jobs?limit=-1&cursor=%ff",
            "/v1/accounts/personal/articles",
        ),
        *("/v1/accounts/nobody/articles", "/v1/render", "/v1/doctor", "/v1/errcodes/x", "/nothing"),
        *("/v1/stats/cache", "/cgi-bin/draft/add", "/cgi-bin/nothing", "/cgi-bin/token?appid=wx1"),
        *("/v1/admin/clients", "/v1/admin/audit", "/v1/auth/token"),
    ]
    only_main = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft", "stats"]}
    async with open_stand(change={"clients": [only_main]}) as stand:
        for path, body in itertools.product(paths, BODIES):
            answer = await stand.http.request(method, path, content=body)
            assert answer.status_code not in (500, 501), (path, answer.text)
            told = answer.text + str(answer.headers)
            assert INSIDE.search(told) is None, (path, INSIDE.search(told), told)
            for hidden in (str(stand.data_dir), "wx5a4db0c0ffee0002", "sandbox-secret"):
                assert hidden not in told, (path, told)
