import pytest

from content.refusals import MarkdownTooComplex
from content.steps.nesting import MAX_DEPTH, bound_nesting
from tests.content.conftest import manuscript


@pytest.mark.parametrize("tag", ["div", "b", "SVG", "ul><li", "x-y"])
def test_elements_without_end_are_refused(tag: str) -> None:
    with pytest.raises(MarkdownTooComplex) as caught:
        bound_nesting(manuscript(f"<{tag}>" * (MAX_DEPTH + 1), is_markdown=False))
    assert caught.value.field == "html"


@pytest.mark.parametrize(
    "html",
    [
        "<p>a" * 5_000,
        "<ul>" + "<li>a" * 5_000,
        "<br><img>" * 5_000,
        "<b>a</b>" * 5_000,
        '<path d="M0 0" />' * 5_000,
    ],
)
def test_many_elements_side_by_side_are_not(html: str) -> None:
    bound_nesting(manuscript(html, is_markdown=False))
