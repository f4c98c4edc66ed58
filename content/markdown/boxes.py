"""Boxes and columns: `::: tip Title`, `::: columns`, `::: any-name`, until a line `:::`.

Boxes of the known kinds look as GitHub's alerts (`> [!TIP]`) do. Columns are sections beside each
other, since WeChat keeps neither flex nor grid. Any other name is a section with that class.
"""

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from content.markdown.attributes import add_attributes, split_attributes

_ALERTS = {"NOTE": "备注", "TIP": "提示", "IMPORTANT": "重要", "WARNING": "警告", "CAUTION": "注意"}
_BOXES = {  # name: (the alert it looks like, title)
    **{kind.lower(): (kind.lower(), title) for kind, title in _ALERTS.items()},
    "info": ("note", "信息"),
    "details": ("note", "详情"),
    "success": ("tip", "成功"),
    "danger": ("caution", "危险"),
}
_OPENING = re.compile(r":{3,}[ \t]*([A-Za-z][\w-]{0,40})?(?:[ \t]+(.*)|[ \t]*(\{.*))?")
_PERCENT = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)%")
_GAP_PERCENT = 1


def use_boxes(md: MarkdownIt) -> None:
    """`:::` blocks, and Chinese titles of alerts."""
    ends = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("fence", "box", _tokenize, {"alt": ends})
    md.core.ruler.before("inline", "alert_titles", _translate_titles)
    md.core.ruler.after("block", "columns", _set_widths)


def _tokenize(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    text = _line(state, line)
    if not text.startswith(":::") or state.is_code_block(line):
        return False
    found = _OPENING.fullmatch(text)
    title, attributes = split_attributes((found[2] or found[3] or "") if found else "")
    name = found[1] if found else None
    if found is None or not (name or attributes.get("class")):
        return False
    if silent:
        return True
    closing, following = _find_end(state, line, end)
    opening = state.push("box_open", "section", 1)
    opening.map = [line, closing]
    opening.block = True
    opening.info = name or attributes["class"].split()[0]
    kind, usual_title = _BOXES.get(opening.info, (None, ""))
    if kind:
        opening.attrSet("class", f"markdown-alert markdown-alert-{kind}")
    elif name:
        opening.attrSet("class", name)
    add_attributes(opening, attributes)
    if title or usual_title:
        _push_title(state, title or usual_title, line)
    old_parent, old_end = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", closing
    state.md.block.tokenize(state, line + 1, closing)
    state.parentType, state.lineMax = old_parent, old_end
    state.push("box_close", "section", -1).block = True
    state.line = following
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _find_end(state: StateBlock, line: int, end: int) -> tuple[int, int]:
    """The line that ends the box opened on `line`, and the one to read on from.

    Boxes inside it count, so that all may have three colons. Without a `:::` of its own it ends
    with what it stands in.
    """
    depth = 1
    for number in range(line + 1, end):
        if state.sCount[number] < state.blkIndent and not state.isEmpty(number):
            return number, number
        text = _line(state, number)
        if not text.startswith(":::") or state.is_code_block(number):
            continue
        depth += 1 if text.strip(": \t") else -1
        if depth == 0:
            return number, number + 1
    return end, end


def _push_title(state: StateBlock, title: str, line: int) -> None:
    state.push("box_title_open", "p", 1).attrSet("class", "markdown-alert-title")
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = title, [], [line, line + 1]
    state.push("box_title_close", "p", -1)


def _translate_titles(state: StateCore) -> None:
    for opening, token in pairwise(state.tokens):
        if opening.type == "alert_title_open":
            token.content = _ALERTS.get(token.content.upper(), token.content)


def _set_widths(state: StateCore) -> None:
    """Share the width among columns; a little is left for white space that others may add."""
    open_boxes: list[tuple[Token, list[Token]]] = []  # with their columns
    for token in state.tokens:
        if token.type == "box_open":
            if open_boxes and token.info == "column":
                open_boxes[-1][1].append(token)
            open_boxes.append((token, []))
        elif token.type == "box_close":
            box, columns = open_boxes.pop()
            if box.info == "columns":
                _share_width(columns)


def _share_width(columns: list[Token]) -> None:
    given = [_PERCENT.fullmatch(str(column.attrs.get("width", ""))) for column in columns]
    taken = sum(float(percent[1]) for percent in given if percent)
    open_columns = [column for column in columns if "width" not in column.attrs]
    room = max(0, 100 - taken - 2 * _GAP_PERCENT * len(columns))
    for column in open_columns:
        column.attrSet("width", f"{room / len(open_columns):.4g}%")
    for column in columns:
        own = column.attrs.get("style", "")
        column.attrSet(
            "style",
            f"display:inline-block;vertical-align:top;box-sizing:border-box;"
            f"width:{column.attrs.pop('width')};margin:0 {_GAP_PERCENT / 2}%;{own}",
        )
