import pytest

from content.refusals import MarkdownTooComplex
from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    "text",
    [
        "> " * 10_000 + "x",
        "- " * 10_000 + "x",
        "\n".join("  " * depth + "- a" for depth in range(200)),
        "::: a\n" * 5_000 + "x",
        "[^a]: " * 200 + "x",
    ],
)
def test_nesting_without_end_is_refused_not_cut_off(html: Html, text: str) -> None:
    with pytest.raises(MarkdownTooComplex):
        html(text)


def test_what_people_write_is_whole(html: Html) -> None:
    text = "\n".join("  " * depth + "- 项" for depth in range(18))
    assert html(text).count("项") == 18
    assert "x" in html("> " * 35 + "x")
