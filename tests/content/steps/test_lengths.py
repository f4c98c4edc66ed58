import pytest

from content import refusals
from content.manuscript import Manuscript
from content.steps.lengths import check_lengths
from content.steps.statistics import count_text
from core.errors import GatewayError
from tests.content.conftest import manuscript


def _checked(made: Manuscript) -> None:
    count_text(made)
    check_lengths(made)


def _with(field: str, value: str) -> Manuscript:
    made = manuscript("x")
    made.fields[field] = value
    return made


@pytest.mark.parametrize(
    ("field", "limit", "error"),
    [
        ("title", 32, refusals.TitleTooLong),
        ("author", 16, refusals.AuthorTooLong),
        ("digest", 128, refusals.DigestTooLong),
    ],
)
def test_fields_are_held_against_the_limit(
    field: str, limit: int, error: type[GatewayError]
) -> None:
    _checked(_with(field, "字" * limit))
    with pytest.raises(error) as caught:
        _checked(_with(field, "😀" * (limit + 1)))
    assert caught.value.field == field
    assert caught.value.values["count"] == limit + 1


@pytest.mark.parametrize(("field", "limit"), [("title", 64), ("author", 20), ("digest", 120)])
def test_the_strict_rule_counts_bytes(field: str, limit: int) -> None:
    made = _with(field, "a" * limit)
    made.length_rule = "strict"
    _checked(made)
    made.fields[field] = "字" * (limit // 3 + 1)
    with pytest.raises(GatewayError):
        _checked(made)


def test_text_or_html_is_counted_as_the_rule_says() -> None:
    made = manuscript("<b>" + "字" * 20_000 + "</b>")
    _checked(made)
    made.length_rule = "strict"
    with pytest.raises(refusals.ContentTooLong):
        _checked(made)
    with pytest.raises(refusals.ContentTooLong):
        _checked(manuscript("字" * 20_001))


def test_html_of_a_megabyte_is_too_long_but_pictures_inside_do_not_count() -> None:
    with pytest.raises(refusals.ContentTooLong):
        _checked(manuscript('<p style="' + "x" * 1_000_000 + '">a</p>'))
    src = "data:image/png;base64," + "A" * 1_000_000
    made = manuscript(f'<img src="{src}">')
    made.images = [{"src": src, "alt": ""}]
    _checked(made)


def test_an_empty_article_is_refused() -> None:
    with pytest.raises(refusals.ContentEmpty):
        _checked(manuscript("<p></p>"))


@pytest.mark.parametrize("url", ["javascript:x", "a.com", "http://" + "x" * 1_020])
def test_a_source_url_must_be_one(url: str) -> None:
    with pytest.raises(refusals.SourceUrlInvalid):
        _checked(manuscript("x", content_source_url=url))
