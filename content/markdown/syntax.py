"""Which syntax there is beyond CommonMark and GFM, in the order it is registered.

A custom renderer is a function that takes the parser and adds rules to it, and a line here.
"""

from collections.abc import Callable

from markdown_it import MarkdownIt

from content.markdown.cjk import use_cjk_emphasis

Use = Callable[[MarkdownIt], None]

SYNTAX: tuple[Use, ...] = (
    use_cjk_emphasis,  # `**“粗”**后` is bold
)


def use_syntax(md: MarkdownIt) -> None:
    """Add all of it to `md`."""
    for use in SYNTAX:
        use(md)
