import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate
from tests.signing import after_start

ENV = {"WXGATE_KEY": KEY, "WXGATE_URL": "http://127.0.0.1:8080"}


def test_headers_are_printed_one_a_line(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(b"{}")
    done = wxgate("sign", "post", "/v1/render", "--data", f"@{body}", "--account", "main", env=ENV)
    assert done.exit_code == 0
    names = [line.partition(": ")[0] for line in done.stdout.splitlines()]
    assert names == [
        *("Content-Type", "X-Wxgate-Account", "Content-Digest"),
        *("Signature-Input", "Signature"),
    ]
    assert KEY not in done.output


def test_the_base_can_be_compared_with_ones_own() -> None:
    done = wxgate("sign", "GET", "/v1/jobs?limit=1", "--base", env=ENV)
    lines = done.stdout.splitlines()
    assert lines[:3] == ['"@method": GET', '"@path": /v1/jobs', '"@query": ?limit=1']
    assert lines[3].startswith('"@signature-params": ("@method" "@path" "@query");created=')


def test_a_body_may_come_from_the_command_or_from_stdin() -> None:
    asked = [
        wxgate("sign", "POST", "/x", "-d", data, env=ENV, said="{}").stdout.splitlines()[1]
        for data in ("{}", "@-")
    ]
    assert asked[0] == asked[1]
    assert asked[0].startswith("Content-Digest: sha-256=:")


@pytest.mark.parametrize(
    ("arguments", "env", "told"),
    [
        (("GET", "/x"), {"WXGATE_KEY": ""}, "wxg_<id>_"),
        (("GET", "/你好"), ENV, "%XX"),
        (("POST", "/x", "--data", "@missing.json"), ENV, "missing.json"),
    ],
)
def test_what_cannot_be_signed_ends_with_2(
    arguments: tuple[str, ...], env: dict[str, str], told: str
) -> None:
    done = wxgate("sign", *arguments, env=env)
    assert done.exit_code == 2
    assert told in done.output


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_printed_command_runs_once(stand: Any, tmp_path: Path) -> None:
    body = tmp_path / "it's a body.json"
    body.write_text('{"markdown": "你好"}', "utf-8")
    await after_start()
    env = {"WXGATE_KEY": KEY, "WXGATE_URL": stand.url}
    command = wxgate("sign", "POST", "/v1/render", "-d", f"@{body}", "--curl", env=env).stdout
    answers = [await run("bash", "-c", command) for _ in range(2)]
    assert '"html"' in answers[0]
    assert "auth_replay" in answers[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_printed_headers_fit_curl(stand: Any) -> None:
    await after_start()
    env = {"WXGATE_KEY": KEY, "WXGATE_URL": stand.url}
    headers = wxgate("sign", "GET", "/cgi-bin/draft/count", "--account", "main", env=env).stdout
    answer = await run("curl", "-sS", "-H", "@-", f"{stand.url}/cgi-bin/draft/count", said=headers)
    assert answer == '{"total_count":0}'


async def run(*command: str, said: str = "") -> str:
    """What a command prints that is given `said`."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    stdout, _ = await process.communicate(said.encode())
    return stdout.decode()
