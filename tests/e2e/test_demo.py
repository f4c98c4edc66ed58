"""`wxgate demo`, the first thing anybody runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WXGATE_")}
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=cwd,
        env={**clean, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def published(cwd: Path) -> dict[str, Any]:
    done = run("demo", "--once", "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_the_demo_publishes_and_the_second_time_uploads_nothing(tmp_path: Path) -> None:
    first = published(tmp_path)
    assert first["published"] is True
    assert "/s/" in first["article_url"]
    assert first["personal"]["mode"] == "draft_ready"
    assert first["calls"]["/cgi-bin/media/uploadimg"] == 12
    assert first["calls"]["/cgi-bin/stable_token"] == 2

    again = published(tmp_path)
    assert again["published"] is True
    assert "/cgi-bin/media/uploadimg" not in again["calls"]
    assert "/cgi-bin/material/add_material" not in again["calls"]
    assert "/cgi-bin/stable_token" not in again["calls"]


@pytest.mark.slow
def test_the_demo_tells_a_person_where_to_look(tmp_path: Path) -> None:
    done = run("demo", "--once", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for shown in ("/s/", "media_id", "/cgi-bin/draft/add", "/docs", "WXGATE_KEY"):
        assert shown in done.stdout
