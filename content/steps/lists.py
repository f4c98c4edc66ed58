"""Nested lists as WeChat shows them right.

Inside an item it shows an extra bullet, so a list stands behind the item it belongs to. It knows
two levels; deeper ones, and lists with text of their item behind them, become indented lines with
their bullet or number written out.
"""

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript

_LISTS = ("ul", "ol")
_LEVELS = 2
_BULLET = "• "
_INDENT = "padding-left:1.2em"


def flatten_lists(_manuscript: Manuscript, body: Body) -> None:
    """Let no list stand inside an item."""
    levels: dict[int, int] = {}  # of each list, by its address; deeper ones are no list any more
    nested: list[tuple[LexborNode, LexborNode]] = []  # with their item
    for node in body.css("ul, ol"):
        item = node.parent
        around = item.parent if item is not None and item.tag == "li" else item
        level = levels.get(around.mem_id, 0) + 1 if around is not None else 1
        levels[node.mem_id] = level
        if item is not None and item.tag == "li":
            nested.append((node, item))
    for node, item in reversed(nested):  # the inner ones first
        if levels[node.mem_id] > _LEVELS or _has_more(node):
            _write_out(body, node)
        else:
            item.insert_after(node, move=True)


def _has_more(node: LexborNode) -> bool:
    """Whether text of its item follows, which would change places with it."""
    following = node.next
    while following is not None and following.tag in (*_LISTS, "-text"):
        if following.tag == "-text" and following.text().strip():
            return True
        following = following.next
    return following is not None


def _write_out(body: Body, node: LexborNode) -> None:
    """Make each item a line that begins with its bullet or number."""
    start = node.attributes.get("start") or ""
    number = int(start) if node.tag == "ol" and start.isdecimal() and len(start) < 10 else 1
    lines = body.create_node("section")
    lines.attrs["class"] = "deep-list"
    for item in list(_children(node)):
        if item.tag != "li":
            lines.insert_child(item, move=True)
            continue
        line = body.create_node("section")
        line.attrs["class"] = "deep-item"
        line.attrs["style"] = _INDENT
        for child in list(_children(item)):
            line.insert_child(child, move=True)
        _begin(line, _BULLET if node.tag == "ul" else f"{number}. ")
        number += 1
        lines.insert_child(line, move=True)
    node.insert_before(lines, move=True)
    node.decompose()


def _begin(line: LexborNode, mark: str) -> None:
    """Put `mark` before the first text of `line`, inside the paragraph it stands in."""
    place: LexborNode | None = line
    while place is not None and place.tag in ("section", "p"):
        place = next(filter(_says_something, _children(place)), None)
    if place is None:
        line.insert_child(mark)
    else:
        place.insert_before(mark)


def _says_something(node: LexborNode) -> bool:
    return node.tag != "-text" or bool(node.text().strip())


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next
