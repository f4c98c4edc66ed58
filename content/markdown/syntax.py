"""Which syntax there is beyond CommonMark and GFM, in the order it is registered.

A custom renderer is a function that takes the parser and adds rules to it, and a line here; those
of an operator are named in the configuration, see extensions.py.
"""

from collections.abc import Callable

from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin

from content.markdown.attributes import use_attributes
from content.markdown.boxes import use_boxes
from content.markdown.breaks import use_breaks
from content.markdown.captions import use_captions
from content.markdown.cjk import use_cjk_emphasis
from content.markdown.code import use_code
from content.markdown.emoji import use_emoji
from content.markdown.footnotes import use_footnotes
from content.markdown.items import use_items
from content.markdown.mark import use_mark
from content.markdown.math import use_math
from content.markdown.mermaid import use_mermaid
from content.markdown.nesting import use_nesting
from content.markdown.placeholders import use_placeholders
from content.markdown.ruby import use_ruby
from content.markdown.scripts import use_scripts
from content.markdown.toc import use_toc
from content.markdown.typography import use_typography

Use = Callable[[MarkdownIt], None]

SYNTAX: tuple[Use, ...] = (
    use_nesting,  # nothing is lost in the depth
    use_placeholders,  # List<String> is no tag
    use_cjk_emphasis,  # `**“粗”**后` is bold
    use_code,  # in colour, with a header
    use_math,  # `$…$`, `$$…$$`, as SVG or PNG
    use_mermaid,  # ```mermaid, as PNG or SVG
    use_mark,  # ==marked==
    use_scripts,  # H~2~O, x^2^
    use_emoji,  # :smile:
    use_footnotes,  # [^1], ^[text]
    use_attributes,  # {.class style="…" width=50%}
    use_ruby,  # [汉字]{hàn zì}
    use_boxes,  # ::: tip, ::: columns, > [!TIP]
    deflist_plugin,  # a term, then `: what it means`
    use_captions,  # ![](a.png "what stands below")
    use_items,  # - [x] task
    use_toc,  # [TOC]
    use_breaks,  # lines of Chinese join without a gap
    use_typography,  # spaces, punctuation and quotes, where they are asked for
)


def use_syntax(md: MarkdownIt) -> None:
    """Add all of it to `md`."""
    for use in SYNTAX:
        use(md)
