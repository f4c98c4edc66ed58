from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from content.refusals import MarkdownTooComplex

_MAX_NESTING = 40  # a list in a list takes two
_HOLDS_BLOCKS = frozenset(
    {
        *("blockquote_open", "list_item_open", "alert_open", "box_open", "dd_open"),
        "footnote_reference_open",
    }
)


def use_nesting(md: MarkdownIt) -> None:
    """Refuse text nested so deeply that markdown-it would leave it out without a word."""
    md.options["maxNesting"] = _MAX_NESTING
    md.core.ruler.after("block", "nesting", _refuse_depth)


def _refuse_depth(state: StateCore) -> None:
    for token in state.tokens:
        if token.level >= _MAX_NESTING - 1 and token.type in _HOLDS_BLOCKS:
            raise MarkdownTooComplex(field="markdown")
