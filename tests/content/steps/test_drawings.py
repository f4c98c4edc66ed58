import pytest

from content.manuscript import Body
from content.steps.drawings import tidy_drawings
from sandbox.filters import ArticleFilter
from tests.content.allowed import assert_allowed
from tests.content.conftest import Render, manuscript


def _tidy(html: str) -> tuple[str, list[str]]:
    made, body = manuscript(), Body(html)
    tidy_drawings(made, body)
    return body.serialize(), [warning["code"] for warning in made.warnings]


def test_a_plain_drawing_stays_and_its_size_becomes_its_style() -> None:
    html = (
        'a<svg viewBox="0 0 4 2" width="40" height="1.5em"><path d="M0 0" fill="red"></path></svg>'
    )
    assert _tidy(html) == (
        'a<svg viewBox="0 0 4 2" style="height:1.5em;width:40px;"><path d="M0 0" fill="red"></path></svg>',
        [],
    )


def test_styles_inside_become_attributes() -> None:
    html = 'a<svg><g style="fill: red; x:1;stroke:#000"><path style=""></path></g></svg>'
    assert _tidy(html)[0] == 'a<svg><g fill="red" stroke="#000"><path></path></g></svg>'


@pytest.mark.parametrize(
    "lost",
    [
        "<defs><path></path></defs>",
        "<use href='#a'></use>",
        "<style>a{}</style>",
        "<foreignObject><p>a</p><svg><image></image></svg></foreignObject>",
        "<animate attributeName='x'></animate>",
        "<image href='http://e/x.png'></image>",
    ],
)
def test_what_wechat_drops_is_dropped_and_said(lost: str) -> None:
    html, warnings = _tidy(f"a<svg>{lost}<path></path>{lost}</svg>")
    assert html == "a<svg><path></path></svg>"
    assert warnings == ["svg_reduced"]


def test_descriptions_go_without_a_word_and_links_leave_what_they_hold() -> None:
    html = "a<svg><title>t</title><a href='x'><text>b</text></a><switch><g></g></switch></svg>"
    assert _tidy(html) == ("a<svg><text>b</text><g></g></svg>", [])


def test_a_gradient_that_will_be_missing_is_said() -> None:
    assert _tidy('a<svg><path fill="url(#g)"></path></svg>')[1] == ["svg_reduced"]


@pytest.mark.parametrize(
    ("html", "first"),
    [
        ("<p><svg></svg></p><p>a</p>", True),
        ("<p> <b>a</b><svg></svg></p>", False),
        ("<img src=a.png><svg></svg>", False),
        ("<section> <svg><text>a</text></svg></section>", True),
    ],
)
def test_a_drawing_has_something_before_it(html: str, first: bool) -> None:  # noqa: FBT001
    assert _tidy(html)[0].startswith('<p style="margin:0') == first


def test_a_drawing_survives_wechat(render: Render) -> None:
    html = (
        '<div><svg width="40" viewBox="0 0 4 2" class="x" onload="alert(1)" xmlns:xlink="y">'
        '<linearGradient id="g"></linearGradient><g id="a" transform="scale(2)">'
        '<text x="1" y="1" font-size="1" text-anchor="middle">图</text>'
        '<path d="M0 0h1" stroke="rgb(0,0,0)" fill="url(#g)" style="position:fixed"/></g></svg></div>'
    )
    content = render(html=html, title="t")["content"]
    assert_allowed(content)
    for kept in ('viewBox="0 0 4 2"', 'transform="scale(2)"', 'text-anchor="middle"', ">图</text>"):
        assert kept in content
    stored = ArticleFilter().clean(content)
    assert stored.count("<path") == 1
    assert 'stroke="rgb(0,0,0)"' in stored
    assert "url(" not in content


def test_drawings_within_each_other_take_time_in_step_with_their_number(render: Render) -> None:
    assert render(html="a" + "<svg><g>" * 20 + "x", title="t")["content"]
