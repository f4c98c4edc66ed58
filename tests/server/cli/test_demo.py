import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.cli.commands import wxgate_process


async def published(*arguments: str) -> dict[str, Any]:
    done = await wxgate_process("demo", "--once", "--json", *arguments)
    assert done.exit_code == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
async def test_it_publishes_and_the_second_time_uploads_nothing() -> None:
    first = await published()
    assert first["published"] is True
    assert "/s/" in first["article_url"]
    assert first["personal"]["mode"] == "draft_ready"
    assert first["calls"]["/cgi-bin/media/uploadimg"] == 12
    assert first["calls"]["/cgi-bin/stable_token"] == 2

    again = await published()
    assert again["published"] is True
    assert "/cgi-bin/media/uploadimg" not in again["calls"]
    assert "/cgi-bin/material/add_material" not in again["calls"]
    assert "/cgi-bin/stable_token" not in again["calls"]


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[str]]:
    """A `wxgate demo` that stays up."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "server", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        yield process
        process.kill()


@pytest.mark.slow
async def test_it_stays_up_shows_a_person_where_to_look_and_ends_in_order(
    demo: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert demo.stdout is not None
    shown = ""
    while "Ctrl-C" not in shown:
        line = demo.stdout.readline()
        assert line, demo.communicate()
        shown += line
    for part in ("/s/", "media_id", "/cgi-bin/draft/add", "/docs", "WXGATE_KEY=wxg_demo_"):
        assert part in shown
    second = await wxgate_process("demo", "--once")
    assert second.exit_code == 3
    assert f"pid {demo.pid}" in second.stderr
    demo.send_signal(signal.SIGTERM)
    _, errors = demo.communicate(timeout=30)
    assert (demo.returncode, errors) == (0, "")
    assert (tmp_path / "var" / "demo" / "client.key").stat().st_mode & 0o777 == 0o600


async def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = await wxgate_process("demo", "--once", "--data-dir", "file")
    assert done.exit_code == 3
    assert "数据目录" in done.stderr
    assert "Traceback" not in done.stderr
