"""The search for leaked secrets finds one in whatever form it was written."""

import base64
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from scripts.canaries import INPUTS, find_leaks, main

KEY = "wxg_blog_0123456789abcdefghijklmn"


@pytest.fixture
def planted() -> Iterator[Path]:
    """Outside of pytest's own directory, where these leaks would be found."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def leaks_in(directory: Path) -> list[str]:
    return [leak.kind for leak in find_leaks(sorted(directory.iterdir()))]


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize(
    "written",
    [
        lambda text: text,
        lambda text: quote(text + " +/"),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        lambda text: base64.b64encode(f"{text}:more".encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    ],
)
def test_a_key_is_found_in_every_form(
    planted: Path, written: Callable[[str], str], before: str
) -> None:
    (planted / "x.log").write_text(f"line\n{written(before + KEY)} end\n", "utf-8")
    assert leaks_in(planted) == ["client key"]


@pytest.mark.parametrize(
    ("secret", "kind"),
    [
        ("wxgv_" + "Ab3-_" * 20, "virtual token"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJibG9nIn0.c2lnbmF0dXJlLWNhbmFyeQ", "JWT"),
        ("sandbox-secret-verified-0000001", "AppSecret"),
        ("92_SandboxTokenabc", "access_token"),
    ],
)
def test_every_kind_of_secret_is_found_in_a_database(planted: Path, secret: str, kind: str) -> None:
    database = sqlite3.connect(planted / "wxgate.db")
    with database:
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (?)", (f"errmsg {secret}",))
    database.close()
    assert leaks_in(planted) == [kind]


def test_a_master_key_is_found_outside_of_its_file(planted: Path) -> None:
    (planted / "master.key").write_text("0f" * 32 + "\n", "ascii")
    assert leaks_in(planted) == []
    (planted / "crash.txt").write_text(f"key={'0f' * 32}", "ascii")
    assert leaks_in(planted) == ["master key"]


def test_files_that_hold_secrets_by_design_are_not_searched(planted: Path) -> None:
    for pattern in INPUTS:
        (planted / pattern.replace("*", "x")).write_text(KEY, "ascii")
    assert leaks_in(planted) == []


def test_a_leak_is_told_without_the_secret_and_with_the_test_that_wrote_it(
    planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (planted / "written-gw0.txt").write_text(
        f"== tests/a.py::test_a\nfine\n== tests/b.py::test_b\n{KEY}\n== tests/c.py::test_c\n"
    )
    assert main([str(planted)]) == 1
    told = capsys.readouterr().out
    assert "client key" in told
    assert "tests/b.py::test_b" in told
    assert KEY not in told


def test_a_run_that_wrote_nothing_does_not_count_as_clean(planted: Path) -> None:
    assert main([str(planted)]) == 2
    (planted / "written-main.txt").write_text("== tests/a.py::test_a\nfine\n")
    assert main([str(planted)]) == 0
