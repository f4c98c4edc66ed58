import re
from pathlib import Path

import pytest

from content.theming.codes import PALETTES
from content.theming.gallery import Gallery
from content.theming.library import Themes
from sandbox.darkmode import PAGE, WHITE, darken
from tests.content.conftest import Render
from tests.contrast import texts

DIMMED = (163.0, 163.0, 163.0)
DARK_INK = (25.0, 25.0, 25.0)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return Gallery()


def _faint(html: str) -> list[str]:
    """The texts below WCAG's 4.5, in light or dark mode, but for the dots above code."""
    seen = [
        (text, mode)
        for mode, shown, page, ink in (
            ("light", html, WHITE, DARK_INK),
            ("dark", darken(html), PAGE, DIMMED),
        )
        for text in texts(shown, page=page, ink=ink)
    ]
    assert seen
    return [
        f"{mode} {text.contrast:.2f} {text.text}"
        for text, mode in seen
        if text.contrast < 4.5 and text.text != "●"
    ]


@pytest.mark.parametrize("theme", Themes().names())
def test_every_text_of_every_theme_stands_out_in_light_and_in_the_dark(
    gallery: Gallery, theme: str
) -> None:
    assert _faint(gallery.sample(theme=theme)) == []


KINDS = "\n\n".join(f"> [!{kind}]\n> 正文 `code`" for kind in ("TIP", "IMPORTANT", "CAUTION"))


@pytest.mark.parametrize("theme", Themes().names())
def test_the_titles_of_all_alerts_stand_out(render: Render, theme: str) -> None:
    assert _faint(render(KINDS, theme=theme)["content"]) == []


@pytest.mark.parametrize("code_theme", PALETTES)
def test_every_colour_of_our_code_themes_stands_out_in_light_and_in_the_dark(
    gallery: Gallery, code_theme: str
) -> None:
    assert _faint(gallery.code_sample(code_theme)) == []


@pytest.mark.parametrize("theme", Themes().names())
def test_nothing_is_left_that_wechat_drops(gallery: Gallery, theme: str) -> None:
    html = gallery.sample(theme=theme)
    for banned in ("var(", " class=", " id=", "position", "flex", "gradient", 'style=""', "<div"):
        assert banned not in html
    assert not re.search(r"<span>|<p(?=[ >])(?! style=\"[^\"]*color:)", html)
    # The outermost element's styles are lost, so it has none.
    assert html.startswith('<section><section style="')


def test_the_list_has_a_small_preview_of_each(gallery: Gallery) -> None:
    listing = list(gallery.listing())
    assert {one["kind"] for one in listing} == {"article", "code"}
    assert all(0 < len(one["preview"]) < 4_000 for one in listing)
    assert len({one["preview"] for one in listing}) == len(listing)


def test_an_operators_own_theme_is_among_them(tmp_path: Path) -> None:
    (tmp_path / "mine.css").write_text("p{color:#012345}")
    mine = next(one for one in Gallery(str(tmp_path)).listing() if one["name"] == "mine")
    assert "#012345" in mine["preview"]
