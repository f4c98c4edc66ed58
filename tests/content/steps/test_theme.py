from pathlib import Path

import pytest

from content.refusals import ThemeUnknown
from content.steps.theme import Theming
from content.theming.library import Themes
from tests.content.conftest import manuscript


@pytest.fixture(scope="module")
def theming() -> Theming:
    return Theming()


def test_markdown_gets_the_theme_in_style_attributes(theming: Theming) -> None:
    made = manuscript("<p>a</p>", theme="default")
    theming.apply(made)
    assert '<p style="' in made.html
    assert "line-height" in made.html
    assert "<section><section style=" in made.html  # the outermost loses its styles
    assert "<style" not in made.html


def test_a_style_of_the_elements_own_wins(theming: Theming) -> None:
    made = manuscript('<p style="color:red">a</p>', theme="default")
    theming.apply(made)
    paragraph = made.html.partition("<p")[2]
    assert "color:red" in paragraph
    assert paragraph.count("color:") == 1


@pytest.mark.parametrize("theme", Themes().names())
def test_an_authors_colour_holds_for_what_is_bold_in_it(theming: Theming, theme: str) -> None:
    made = manuscript(
        '<p><span style="color:red"><b>a</b><strong>b</strong></span></p>', theme=theme
    )
    theming.apply(made)
    bold = made.html.partition("color:red")[2]
    assert "a</b>" in bold
    assert "color:" not in bold.replace("background-color:", "")


def test_words_in_tables_stay_whole(theming: Theming) -> None:
    made = manuscript("<table><tr><td>log_level</td></tr></table>", theme="newsprint")
    theming.apply(made)
    table = made.html.partition("<table")[2].partition(">")[0]
    assert "word-break:normal" in table
    assert "text-align:left" in table


def test_html_keeps_its_looks_and_its_stylesheet_is_written_in(theming: Theming) -> None:
    made = manuscript("<style>p{color:blue}</style><p>a</p>", is_markdown=False, theme="default")
    theming.apply(made)
    assert made.html == '<p style="color:blue">a</p>'


def test_no_stylesheet_is_read_from_elsewhere(theming: Theming, tmp_path: Path) -> None:
    sheet = tmp_path / "x.css"
    sheet.write_text("p{color:green}")
    html = f'<link rel="stylesheet" href="{sheet}"><style>@import "{sheet}";</style><p>a</p>'
    made = manuscript(html, is_markdown=False, theme="default")
    theming.apply(made)
    assert "green" not in made.html


def test_an_unknown_theme_is_refused_with_the_known_ones(theming: Theming) -> None:
    with pytest.raises(ThemeUnknown) as caught:
        theming.apply(manuscript(theme="../settings"))
    assert "default" in str(caught.value.values["known"])
    assert "ink" in str(caught.value.values["known"])


def test_an_operators_stylesheet_is_a_theme(theming: Theming, tmp_path: Path) -> None:
    (tmp_path / "mine.css").write_text("#nice p { color: #012345 }")
    made = manuscript("<p>a</p>", theme="mine")
    made.themes_dir = str(tmp_path)
    theming.apply(made)
    assert "color:#012345" in made.html
