import json
from pathlib import Path

import pytest

from tests.server.cli.commands import wxgate, wxgate_process


async def test_the_themes_are_listed() -> None:
    done = await wxgate_process("themes", env={"LANG": "C"})
    assert done.exit_code == 0, done.output
    assert "default" in done.stdout
    assert "清简" in done.stdout
    assert "midnight" in done.stdout
    told = json.loads((await wxgate_process("themes", "--json")).stdout)
    assert {"name", "kind", "title", "description", "own", "problems", "preview"} == set(told[0])


def test_a_stylesheet_is_shown_as_it_is_applied() -> None:
    done = wxgate("themes", "show", "ink")
    assert done.exit_code == 0
    assert "var(" not in done.stdout
    assert "h2{" in done.stdout
    assert wxgate("themes", "show", "none").exit_code == 1


@pytest.mark.parametrize(
    ("css", "exit_code", "told"),
    [
        ("#nice h1 { color: #123 }", 0, ""),
        ("#nice h1::before { content: 'x' }", 1, ":1:1: #nice h1::before:"),
        ("p { color: red;\n  position: fixed }", 1, ":2:3: position:"),
        ("p { color", 1, ":1:"),
    ],
)
def test_a_stylesheet_is_checked(tmp_path: Path, css: str, exit_code: int, told: str) -> None:
    file = tmp_path / "my.css"
    file.write_text(css)
    done = wxgate("themes", "check", file)
    assert done.exit_code == exit_code
    assert told in done.stdout


def test_what_is_no_stylesheet_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "my.css"
    file.write_bytes(b"\xff\xfe")
    assert wxgate("themes", "check", file).exit_code == 1
    assert wxgate("themes", "check", tmp_path / "none.css").exit_code == 2


async def test_the_sheet_is_one_page_that_holds_all_it_needs(tmp_path: Path) -> None:
    page = tmp_path / "themes.html"
    done = await wxgate_process("themes", "sheet", "-o", page)
    assert done.exit_code == 0, done.output
    assert "<script" not in page.read_text("utf-8")
    done = await wxgate_process("themes", "sheet", "-o", tmp_path / "none" / "x.html")
    assert done.exit_code == 1
