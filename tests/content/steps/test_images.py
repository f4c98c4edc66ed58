import pytest

from content.manuscript import Body, Manuscript
from content.pictures.errors import ImageSourceForbidden
from content.refusals import TooManyImages
from content.steps.images import list_images
from tests.content.conftest import manuscript


def _listed(html: str, **options: int) -> tuple[Manuscript, str]:
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
