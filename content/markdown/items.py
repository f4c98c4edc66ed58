from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token


def use_items(md: MarkdownIt) -> None:
    """List items as WeChat shows them right, task lists without `<input>`."""
    md.core.ruler.push("tight_items", _wrap_tight_items)
    md.core.ruler.push("task_boxes", _write_task_boxes)


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
