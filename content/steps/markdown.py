from collections.abc import MutableMapping, Sequence
from time import process_time
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from content.manuscript import Manuscript
from content.markdown.budget import Budget
from content.markdown.cjk import join_cjk_lines
from content.markdown.code import Highlighter
from content.markdown.quick import quicken
from content.markdown.syntax import use_syntax

Env = MutableMapping[str, Any]

_DRAWING_S = 0.55  # of the second that an article has
_DRAWING_CHARS = 600_000  # of the million bytes


class MarkdownRenderer:
    """CommonMark with GFM's tables, strikethrough, task lists, alerts and autolinks.

    HTML in Markdown is shown as text, and quotes are left alone: both need quadratic time on
    hostile input, and `typographer` would change Chinese quotation marks.
    """

    def __init__(self) -> None:
        md = MarkdownIt("gfm-like2", {"html": False, "typographer": False})
        # Without a scheme, README.md would be a link to Moldova.
        assert md.linkify is not None  # noqa: S101 - the preset turns it on
        md.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
        quicken(md)
        # markdown-it would leave a picture from file:// standing as text; steps/images.py refuses
        # it by name, and steps/links.py keeps no link but WeChat's own.
        md.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
        use_syntax(md)
        md.core.ruler.push("tight_items", _wrap_tight_items)
        md.core.ruler.push("task_boxes", _write_task_boxes)
        md.add_render_rule("softbreak", _softbreak)
        self._md = md
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
        manuscript.html = self._md.render(manuscript.text, env)


def _wrap_tight_items(state: StateCore) -> None:
    """Put an item's text into a section: WeChat breaks the line after a bold beginning."""
    for token in state.tokens:
        if token.hidden and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = False
            token.tag = "section"


def _write_task_boxes(state: StateCore) -> None:
    """Write ☑ and ☐, since WeChat drops `<input>`."""
    box = ""
    for token in state.tokens:
        if token.type == "list_item_open":
            checked = token.meta.pop("checked", None)
            box = "" if checked is None else "☑ " if checked else "☐ "
        elif token.type == "inline" and box:
            token.children = [Token("text", "", 0, content=box), *(token.children or [])]
            box = ""


def _softbreak(
    _self: object, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Env
) -> str:
    if env["manuscript"].article_type == "newspic":
        return "<br>"  # its text is read in the lines it was typed in
    before = tokens[index - 1].content if index else ""
    after = tokens[index + 1].content if index + 1 < len(tokens) else ""
    return join_cjk_lines(before, after)
