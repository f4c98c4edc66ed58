from time import process_time

from markdown_it import MarkdownIt

from content.manuscript import Manuscript
from content.markdown.budget import Budget
from content.markdown.code import Highlighter
from content.markdown.extensions import load_extension
from content.markdown.inline import QuickInlineParser
from content.markdown.quick import quicken
from content.markdown.syntax import use_syntax

_DRAWING_S = 0.55  # of the second that an article has
_DRAWING_CHARS = 600_000  # of the million bytes


def open_parser() -> MarkdownIt:
    """CommonMark with GFM's tables, strikethrough, task lists, alerts and autolinks.

    HTML in Markdown passes; the sanitizer judges it. `typographer` would change Chinese quotation
    marks, and needs quadratic time on hostile input.
    """
    md = MarkdownIt("gfm-like2", {"html": True, "typographer": False})
    # Without a scheme, README.md would be a link to Moldova.
    assert md.linkify is not None  # noqa: S101 - the preset turns it on
    md.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    # markdown-it would leave a picture from file:// standing as text; steps/images.py refuses
    # it by name, and steps/links.py keeps no link but WeChat's own.
    md.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    md.inline = QuickInlineParser(md.inline)
    quicken(md)
    return md


class MarkdownRenderer:
    """The step that makes HTML of Markdown."""

    def __init__(self) -> None:
        self._parsers: dict[tuple[str, ...], MarkdownIt] = {}  # by their extensions
        self._highlighters: dict[str, Highlighter] = {}

    def render(self, manuscript: Manuscript) -> None:
        """Markdown → HTML; an article that came as HTML is left as it is."""
        if not manuscript.is_markdown:
            manuscript.html = manuscript.text
            return
        theme = manuscript.string("code_theme")
        if theme not in self._highlighters:
            self._highlighters[theme] = Highlighter(theme)
        env = {
            "highlighter": self._highlighters[theme],
            "manuscript": manuscript,
            "budget": Budget(_DRAWING_S, process_time, chars=_DRAWING_CHARS),
        }
        md = self._parser(manuscript.extensions)
        tokens = manuscript.tokens = md.parse(manuscript.text, env)
        manuscript.html = md.renderer.render(tokens, md.options, env)

    def _parser(self, extensions: tuple[str, ...]) -> MarkdownIt:
        if extensions not in self._parsers:
            md = open_parser()
            use_syntax(md)
            for name in extensions:
                load_extension(name)(md)
            self._parsers[extensions] = md
        return self._parsers[extensions]
