import pytest

from content.manuscript import Manuscript
from content.refusals import TooManyImages
from content.steps.backgrounds import list_backgrounds
from content.theming.style import name_backgrounds
from tests.content.conftest import manuscript


def _listed(style: str) -> tuple[Manuscript, str]:
    """The manuscript, and the style as it is once the pictures are named."""
    quoted = style.replace('"', "&quot;")
    made = manuscript(f'<p style="{quoted}">x</p>', is_markdown=False)
    list_backgrounds(made)
    left = made.html.removeprefix("<p style=").removesuffix(">x</p>").strip('"')
    return made, name_backgrounds(left, [image["src"] for image in made.images])


@pytest.mark.parametrize(
    ("style", "left", "pictures"),
    [
        ("background:url(a.png)", 'background:url("a.png")', ["a.png"]),
        ("BACKGROUND : URL( 'a.png' ) no-repeat", 'background:url("a.png") no-repeat', ["a.png"]),
        (r"background:\75rl(//e.com/x)", 'background:url("https://e.com/x")', ["https://e.com/x"]),
        (r"background:u\000072l(a\.png)", 'background:url("a.png")', ["a.png"]),
        (r"b\61 ckground:url(a.png)", 'background:url("a.png")', ["a.png"]),
        (
            "background-image:-webkit-image-set('a.png' 1x, url(b.png) 2x)",
            'background-image:url("a.png")',
            ["a.png"],
        ),
        ("background:url(a.png), url(b.png)", 'background:url("a.png"), url("b.png")', ["a.png", "b.png"]),
        ("color:red;background:url(a.png)", 'color:red;background:url("a.png")', ["a.png"]),
        ("background:url(https://a.com/;x.png)", 'background:url("https://a.com/;x.png")', ["https://a.com/;x.png"]),
        (
            "background:url(data:image/png;base64,AA==)",
            'background:url("data:image/png;base64,AA==")',
            ["data:image/png;base64,AA=="],
        ),
        ("""background:url('a"b.png')""", 'background:url("a%22b.png")', ["a%22b.png"]),
        (r"background:url(img\\a.png)", 'background:url("img/a.png")', ["img/a.png"]),
    ],
)  # fmt: skip
def test_a_background_is_listed_in_one_spelling(style: str, left: str, pictures: list[str]) -> None:
    made, got = _listed(style)
    assert got == left
    assert made.images == [{"src": src, "alt": "", "place": "background"} for src in pictures]
    assert [warning["code"] for warning in made.warnings] == ["background_unconfirmed"]


@pytest.mark.parametrize(
    "style",
    [
        *("background:url(/etc/passwd)", "background:url(file:///x)", "background:url()"),
        *("background:url(a b)", "background:url(javascript:x)", "list-style:url(a.png)"),
        *("width:expression(alert(1))", "background:paint(url(a))", "@import url(a);"),
        *(r"background:cross-fade(\75rl(a),url(b))", "background:image-set(linear-gradient(red))"),
        *(
            "background:src('a.png')",
            "behavior:url(a)",
            "background:url('a\nb')",
        ),
    ],
)
def test_what_else_leads_outside_is_left_out_and_reported(style: str) -> None:
    made, got = _listed("color:red;" + style)
    assert got == "color:red"
    assert made.images == []
    assert [warning["code"] for warning in made.warnings] == ["style_url_removed"]


def test_an_article_without_them_is_not_touched() -> None:
    made, left = _listed("background:linear-gradient(red,blue);;")
    assert (left, made.warnings) == ("background:linear-gradient(red,blue);;", [])


def test_a_background_that_is_a_picture_too_is_listed_once() -> None:
    made = manuscript('<p style="background:url(a.png)">x</p>')
    made.images = [{"src": "a.png", "alt": "A"}]
    list_backgrounds(made)
    assert made.images == [{"src": "a.png", "alt": "A"}]


def test_backgrounds_count_among_the_pictures() -> None:
    made = manuscript('<p style="background:url(a.png),url(b.png)">x</p>')
    made.max_images = 1
    with pytest.raises(TooManyImages):
        list_backgrounds(made)


def test_numbers_without_end_cost_the_style_and_nothing_else() -> None:
    made, left = _listed("background:url(a.png);width:" + "1" * 5_000)
    assert (left, made.warnings[0]["code"]) == ("", "style_url_removed")


def test_brackets_without_end_cost_the_style_and_nothing_else() -> None:
    made, left = _listed("background:" + "image-set(" * 5_000)
    assert (left, made.warnings[0]["code"]) == ("", "style_url_removed")
