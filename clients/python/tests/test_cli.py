import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from wxgate_client.cli import main

from tests.e2e.conftest import KEY


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


async def client(*arguments: object, env: dict[str, str] | None = None) -> Done:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wxgate_client", "publish", *map(str, arguments)),
        env={**os.environ, **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        stdout, stderr = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, stdout.decode(), stderr.decode())


async def test_a_folder_becomes_drafts_and_a_second_run_has_nothing_to_do(
    stand: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb")
    (tmp_path / "b.md").write_text("# b\n\nb")
    environment = {"WXGATE_URL": stand.url, "WXGATE_KEY": KEY}
    done = await client(".", "--account", "main", env=environment)
    assert done.status == 0, done.stderr
    assert [line.split(" (")[0] for line in done.stdout.splitlines()] == [
        "a.md: draft",
        "b.md: draft",
    ]
    again = await client(".", "--account", "main", "--json", "--sign", env=environment)
    assert [told["state"] for told in json.loads(again.stdout)] == ["unchanged", "unchanged"]
    assert len(stand.committed("draft")) == 2


async def test_partial_failure_ends_with_1(stand: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb")
    (tmp_path / "b.md").write_text("# " + "题" * 33)
    done = await client(".", "-a", "main", "--server", stand.url, "--key", KEY)
    assert done.status == 1
    assert "b.md: failed" in done.stdout
    assert "a.md: draft" in done.stdout


@pytest.fixture
def _hears_ctrl_c() -> Iterator[None]:
    """What a shell runs in the background ignores it, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_hears_ctrl_c")
async def test_ctrl_c_ends_a_watch_well(stand: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a\n\nb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wxgate_client", "publish", ".", "--watch", "-a", "main"),
        env={**os.environ, "WXGATE_URL": stand.url, "WXGATE_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert (await process.stdout.readline()).startswith(b"a.md: draft")
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 0


def test_a_dry_run_shows_the_plan_and_calls_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# 标题\n\n![](none.png)")
    assert main(["publish", ".", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    head, row = out.splitlines()
    assert head.split()[:3] == ["文件", "/", "file"]
    assert row.split()[:4] == ["新增", "new", "a.md", "标题"]
    assert "none.png" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none*.md", "--dry-run"], "none*.md"),
        (["a.md"], "WXGATE_URL"),
        (["a.md", "--server", "gate.example.com", "--key", KEY], "http://"),
        (["a.md", "--server", "http://[::1", "--key", KEY], "http://"),
        (["a.md", "--server", "http://me:PASS@127.0.0.1:1", "--key", KEY], "no user, password"),
        (["a.md", "--server", "http://127.0.0.1:1/?key=PASS", "--key", KEY], "no user, password"),
        (["a.md", "--server", "http://127.0.0.1:1"], "WXGATE_KEY"),
        (["a.md", "--server", "http://127.0.0.1:1", "--key", "密钥"], "wxg_…"),
        (["a.md", "--at", "tomorrow"], "with offset"),
        (["a.md", "--if-late", "skip"], "wants --at"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# a")
    assert main(["publish", *arguments]) == 2
    told = "".join(capsys.readouterr())
    assert said in told
    assert "PASS" not in told


def test_a_name_or_title_neither_ends_the_line_nor_moves_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\n::error::b.md").write_text("# \x1b[2Jt\n\n![](\x1b.png)")
    assert main(["publish", ".", "--dry-run"]) == 0
    told = "".join(capsys.readouterr())
    assert told.splitlines() == told.split("\n")[:-1]
    assert "a\\n::error::b.md" in told
    assert "\x1b" not in told


def test_options_that_are_none_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["publish", "a.md", "--concurrency", "0"])
    assert ended.value.code == 2
    assert "1–64" in capsys.readouterr().err


def test_no_gateway_ends_with_3_and_a_refusal_with_1(
    tmp_path: Path, unused_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# a")
    url = f"http://127.0.0.1:{unused_port}"
    for account in ([], ["--account", "main"]):
        assert main(["publish", "a.md", "--server", url, "--key", KEY, *account]) == 3
    assert KEY not in "".join(capsys.readouterr())


async def test_a_wrong_key_ends_with_1_and_is_not_shown(stand: Any, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# a")
    wrong = KEY[:-1] + "x"
    done = await client("a.md", "--server", stand.url, "--key", wrong)
    assert (done.status, "→" in done.stderr) == (1, True)
    assert wrong not in done.stdout + done.stderr
