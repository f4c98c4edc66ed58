import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.settings import PERSONAL, VERIFIED
from tests.server.cli.commands import wxgate, wxgate_process


def test_it_says_what_to_do_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    arguments = ("--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "s"))
    environment = os.environ | {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "curl '" not in lines[-1]:
        line = process.stdout.readline().decode()
        assert line, process.communicate()
        lines.append(line)
    said = "".join(lines)
    for account in (VERIFIED, PERSONAL):
        assert account.app_id in said
        assert account.app_secret in said
    found = re.search(r"curl '(http://127\.0\.0\.1:\d+/cgi-bin/token\?[^']+)'", said)
    assert found is not None
    assert "access_token" in httpx.get(found.group(1), trust_env=False).json()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, b"")
    assert (tmp_path / "s" / "sandbox.db").exists()


def test_it_lists_its_switches() -> None:
    listed = wxgate("sandbox", "--switch", "help")
    assert listed.exit_code == 0
    assert "resubmit=duplicate" in listed.stdout
    assert "data_dir" not in listed.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--switch", "resubmit"],
        ["--switch", "resubmit=never"],
        ["--switch", "unknown=1"],
        ["--listen", "9000"],
        ["--listen", "127.0.0.1:port"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert wxgate("sandbox", *arguments).exit_code == 2


async def test_an_address_that_cannot_be_had_ends_with_3() -> None:
    done = await wxgate_process("sandbox", "--listen", "203.0.113.1:1")
    assert done.exit_code == 3
    assert "沙箱无法启动：203.0.113.1:1" in done.stderr
    assert "cannot start on 203.0.113.1:1" in done.stderr
