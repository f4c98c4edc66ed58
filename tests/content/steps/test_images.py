from typing import Any

import pytest

from content.manuscript import Body, Manuscript
from content.options import RenderOptions
from content.pictures.errors import ImageSourceForbidden
from content.refusals import TooManyImages
from content.steps.images import list_images
from tests.content.conftest import manuscript


def _listed(html: str, **options: Any) -> tuple[Manuscript, str]:
    made, body = manuscript(html), Body(html)
    for name, value in options.items():
        setattr(made, name, value)
    list_images(made, body)
    return made, body.serialize()


def test_pictures_are_listed_once_in_their_order() -> None:
    made, _ = _listed('<img src="b.png" alt="B"><img src="https://a/c"><img src="b.png">')
    assert made.images == [{"src": "b.png", "alt": "B"}, {"src": "https://a/c", "alt": ""}]


def test_sizes_become_styles_and_other_attributes_go() -> None:
    _, html = _listed('<img id="i" srcset="x 2x" onerror="y" width="300" height="50%" src="a.png">')
    assert html == '<img src="a.png" alt="" style="height:50%;width:300px;">'


def test_lazy_pictures_are_found() -> None:
    made, html = _listed('<img src="spacer.gif" data-src="//a.com/x.png">')
    assert made.images == [{"src": "https://a.com/x.png", "alt": ""}]
    assert "spacer" not in html


def test_a_picture_without_a_source_goes_with_a_warning() -> None:
    made, html = _listed('<img alt="x"><img src="">')
    assert (html, made.images) == ("", [])
    assert [warning["code"] for warning in made.warnings] == ["image_without_source"]


def test_a_forbidden_source_is_named_by_its_place() -> None:
    with pytest.raises(ImageSourceForbidden) as caught:
        _listed('<img src="a.png"><img src="file:///etc/passwd">')
    assert caught.value.field == "images[1]"


def test_more_pictures_than_allowed_are_refused_but_repetitions_are_free() -> None:
    _listed('<img src="a.png">' * 500, max_images=1)
    with pytest.raises(TooManyImages):
        _listed("".join(f'<img src="{n}.png">' for n in range(3)), max_images=2)


@pytest.mark.parametrize(
    ("html", "src"),
    [
        ('<img srcset="a.png 1x, b.png 3x, c.png 2x">', "b.png"),
        ('<img src="data:image/gif;base64,R0" srcset="a.png 480w, b.png 900w">', "b.png"),
        ('<img src="a.png" srcset="b.png 2x">', "a.png"),
        ('<picture><source srcset="a.webp, b.webp 2x"><img alt="x"></picture>', "b.webp"),
        ('<picture><source srcset="a.webp"><img src="b.png"></picture>', "b.png"),
        ("<img src=' ht\ntps://a.com/x '>", "https://a.com/x"),
        ('<img src="&#104;ttps://a.com/x?a=1&amp;b=2">', "https://a.com/x?a=1&b=2"),
        ("<image src=a.png>", "a.png"),  # that is what parsers make of it
    ],
)
def test_a_picture_is_found_wherever_it_names_its_source(html: str, src: str) -> None:
    assert _listed(html)[0].images[0]["src"] == src


def test_what_wechat_drops_goes_and_is_reported() -> None:
    html = (
        '<svg><image href="https://e.com/1"/><path d="M0 0"/></svg>'
        '<video poster="https://e.com/2"><img src="https://e.com/3"></video>'
    )
    made, left = _listed(html)
    assert left == '<svg><path d="M0 0"></path></svg>'
    assert made.images == []
    assert "image, video" in made.warnings[0]["message"][1]


def test_a_forbidden_source_is_listed_where_pictures_may_be_missing() -> None:
    made, _ = _listed('<img src="/static/a.png">', options=RenderOptions(image_failure="keep"))
    assert made.images == [{"src": "/static/a.png", "alt": ""}]
