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


# As stylesheets are written for doocs/md, mdnice and wenyan; none of them is one of theirs.
FOREIGN = {
    "doocs": """
:root { --md-primary-color: #0b615a }
container { font-size: var(--md-font-size); color: hsl(var(--foreground)) }
h2 { display: table; padding: 0 0.2em; color: #fff; background: var(--md-primary-color);
     font-size: calc(var(--md-font-size) * 1.2) }
.hljs.code__pre > code { padding: 0.5em }
.footnotes { font-size: 80% }
""",
    "mdnice": """
#nice { padding: 0 10px }
#nice h1 .content { color: #123456 }
#nice h1 .prefix { display: none }
#nice blockquote:before { content: "“" }
#nice .table-container table tr th { border: 1px solid #ccc }
#nice p code, #nice li code { color: #1e6bb8 }
""",
    "wenyan": """
:root { --sans: "PingFang SC", sans-serif }
#wenyan { font-family: var(--sans) }
#wenyan h2::after { content: ""; display: block }
#wenyan > p { margin: 1em 0 }
@media (max-width: 600px) { #wenyan p { margin: 0 } }
""",
}


@pytest.mark.parametrize(
    ("editor", "rules", "problems"),
    [
        (
            "doocs",
            ["color:hsl(0 0% 20%)", "background:#0b615a;font-size:19.2px", "pre > code{"],
            [],
        ),
        ("mdnice", ["h1{color:#123456}", ".table table tr th{", "p code,li code{"], [4, 5]),
        ("wenyan", ['.article{font-family:"PingFang SC"', ".article > p{"], [4, 6]),
    ],
)
def test_stylesheets_of_other_editors_are_taken(
    themes: Themes, editor: str, rules: list[str], problems: list[int]
) -> None:
    sheet = themes.compile(FOREIGN[editor])
    for rule in rules:
        assert rule in sheet.css
    lines = {one.line for one in sheet.problems if one.code != "property"}
    assert sorted(lines) == problems
