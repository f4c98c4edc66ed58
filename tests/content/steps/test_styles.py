import pytest

from content.manuscript import Body
from content.steps.styles import bound_styles
from tests.content.conftest import Render, manuscript

RULE = "p:not(.a):nth-child(2n){color:red}"


@pytest.mark.parametrize(
    ("rules", "paragraphs", "warnings"),
    [(1, 1, 0), (800, 500, 0), (2_000, 1, 1), (900, 3_000, 1)],
)
def test_stylesheets_are_bounded_in_length_and_in_work(
    rules: int, paragraphs: int, warnings: int
) -> None:
    html = f"<style>{RULE * rules}</style>" + "<p>x</p>" * paragraphs
    made = manuscript(html, is_markdown=False)
    body = Body(html)
    bound_styles(made, body)
    assert len(made.warnings) == warnings
    assert len(body.css("style")) == 1 - warnings


def test_the_author_hears_of_it_and_the_text_stays(render: Render) -> None:
    result = render(html=f"<style>{RULE * 9_000}</style><p>正文</p>", title="t")
    assert result["content"] == "<p>正文</p>"
    assert result["warnings"][0]["code"] == "styles_too_large"
