"""Which syntax there is beyond CommonMark and GFM, in the order it is registered.

A custom renderer is a function that takes the parser and adds rules to it, and a line here.
"""

from collections.abc import Callable

from markdown_it import MarkdownIt

from content.markdown.cjk import use_cjk_emphasis
from content.markdown.code import use_code
from content.markdown.math import use_math
from content.markdown.typography import use_typography

Use = Callable[[MarkdownIt], None]

SYNTAX: tuple[Use, ...] = (
    use_cjk_emphasis,  # `**“粗”**后` is bold
    use_code,  # in colour, with a header
    use_math,  # `$…$`, `$$…$$`, as SVG or PNG
    use_typography,  # spaces, punctuation and quotes, where they are asked for
)


def use_syntax(md: MarkdownIt) -> None:
    """Add all of it to `md`."""
    for use in SYNTAX:
        use(md)
