import os
from pathlib import Path

import pytest

from content.theming.library import Themes, describe


@pytest.fixture(scope="module")
def themes() -> Themes:
    return Themes()


def test_there_are_a_dozen_themes_each_described_in_both_languages(themes: Themes) -> None:
    described = themes.list()
    assert len(described) >= 12
    assert described[0].name == "default"
    for theme in described:
        assert theme.title.zh != theme.name
        assert theme.title.en != theme.name
        assert theme.description.zh
        assert theme.description.en


def test_our_own_themes_have_no_problems_and_only_literal_values(themes: Themes) -> None:
    for name in themes.names():
        sheet = themes.sheet(name)
        assert sheet.problems == (), name
        for banned in ("var(", "url(", "!important", "position", "@", ":hover", "::", "gradient"):
            assert banned not in sheet.css, name
        assert "background-color:#fff}" not in sheet.css


def test_no_two_themes_are_alike(themes: Themes) -> None:
    rules = [set(themes.sheet(name).css.splitlines()) for name in themes.names()]
    for at, one in enumerate(rules):
        for other in rules[at + 1 :]:
            assert len(one - other) >= 12


def test_a_css_file_of_the_folder_is_a_theme(themes: Themes, tmp_path: Path) -> None:
    (tmp_path / "mine.css").write_text("/* zh: 我的 — 说明\n en: Mine - text */ p{color:#012}")
    (tmp_path / "notes.txt").write_text("x")
    assert themes.names(tmp_path)[-1] == "mine"
    mine = themes.list(tmp_path)[-1]
    assert (mine.title, mine.description, mine.own) == (("我的", "Mine"), ("说明", "text"), True)
    assert "p{color:#012}" in themes.sheet("mine", tmp_path).css


def test_a_file_wins_over_ours_and_is_read_again_when_changed(
    themes: Themes, tmp_path: Path
) -> None:
    file = tmp_path / "ink.css"
    file.write_text("p{color:#111}")
    assert themes.sheet("ink", tmp_path).css.endswith("p{color:#111}")
    file.write_text("p{color:#222}")
    os.utime(file, ns=(1, 1))
    assert themes.sheet("ink", tmp_path).css.endswith("p{color:#222}")
    assert themes.names(tmp_path).count("ink") == 1
    file.unlink()
    assert not themes.sheet("ink", tmp_path).css.endswith("p{color:#222}")


def test_no_name_leads_out_of_the_folder(themes: Themes, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.css").write_text("p{color:red}")
    for name in ("../out", "out", "", "base", "/etc/passwd"):
        with pytest.raises(KeyError):
            themes.sheet(name, tmp_path / "in")


def test_a_folder_that_is_gone_leaves_ours(themes: Themes, tmp_path: Path) -> None:
    assert themes.names(tmp_path / "gone") == themes.names()


def test_a_theme_without_a_header_goes_by_its_name() -> None:
    theme = describe("plain", "p{color:red}", own=True)
    assert theme.title == ("plain", "plain")
    assert theme.description == ("", "")
