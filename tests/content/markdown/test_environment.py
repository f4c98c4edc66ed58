from content.manuscript import Manuscript
from content.markdown.environment import manuscript_of, options_of
from content.options import RenderOptions


def test_a_parser_without_an_article_does_what_is_usual() -> None:
    assert manuscript_of({}) is None
    assert options_of({}) == RenderOptions()
    made = Manuscript(text="", is_markdown=True, options=RenderOptions(emoji=False))
    assert options_of({"manuscript": made}).emoji is False
