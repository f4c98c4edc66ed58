import re

from selectolax.lexbor import LexborNode

from content.manuscript import Body
from content.steps.fields import INVISIBLE
from content.steps.links import is_outside, says_it_all

_SKIPPED = frozenset(
    {"script", "style", "title", "head", "noscript", "template", "textarea", "select", "svg"}
)
_PARAGRAPHS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "table", "dl", "figure", "hr"}
)
_LINES = frozenset({"li", "tr", "dt", "dd", "div", "section", "figcaption", "caption"})
_LISTS = frozenset({"ul", "ol"})
_CELLS = frozenset({"td", "th"})
_HOLDERS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "ul", "ol", "dl"})  # of no text
_SPACE = re.compile(r"[ \t\r\n\f]+")
_TAB = "    "
_BULLET, _BOXES = "• ", "☐☑"
_TAG_BEGINS = re.compile(r"<(?=[A-Za-z/!?])")


def plain_text(body: Body) -> str:
    """What readers see of `body`, in lines: paragraphs apart, lists with marks, links as text."""
    writer = _Writer()
    stack: list[LexborNode] = []
    node = body.root
    # A stack instead of recursion: markup may be nested deeper than Python's stack is.
    while node is not None or stack:
        if node is None:
            top = stack.pop()
            writer.leave(top)
            node = top.next
            continue
        if node.is_text_node:
            text = node.text_content or ""
            if not stack or stack[-1].tag not in _HOLDERS or not text.isspace():
                writer.text(text)
        elif node.is_element_node and node.tag not in _SKIPPED:
            writer.enter(node)
            stack.append(node)
            node = node.first_child
            continue
        node = node.next
    return without_tags(writer.whole())


def without_tags(text: str) -> str:
    """`text` with nothing that WeChat, which takes what looks like a tag for one, would drop."""
    return _TAG_BEGINS.sub("＜", text)


class _Writer:
    def __init__(self) -> None:
        self._out: list[str] = []
        self._breaks = 0  # line ends due before the next text
        self._mark = ""  # of the list item that begins
        self._lists: list[int] = []  # number of the next item; 0: without numbers
        self._preformatted = 0
        self._is_first_cell = True  # of a row
        self._at_start = True  # of a line

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "br":
            self._breaks += 1
        elif tag in _PARAGRAPHS:
            self._end_line(2)
        elif tag in _LINES:
            self._end_line(1)
        if tag in _LISTS:
            self._end_line(1 if self._lists else 2)
            self._lists.append(_first_number(node) if tag == "ol" else 0)
        elif tag == "li" and self._lists:
            self._mark = "  " * (len(self._lists) - 1) + self._item_mark()
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "tr":
            self._is_first_cell = True
        elif tag in _CELLS:
            if not self._is_first_cell:
                self._put(" | ")
            self._is_first_cell = False

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in _PARAGRAPHS:
            self._end_line(2)
        elif tag in _LINES:
            self._end_line(1)
        if tag in _LISTS:
            self._lists.pop()
            self._end_line(1 if self._lists else 2)
        elif tag == "pre":
            self._preformatted -= 1
        elif tag == "a":
            self._write_address(node)

    def text(self, text: str) -> None:
        """Write `text`; outside of code white space is one space, and none begins a line."""
        if self._preformatted:
            for number, line in enumerate(text.split("\n")):
                self._breaks += number > 0
                self._put(line.replace("\t", _TAB))
            return
        text = _SPACE.sub(" ", text)
        if self._at_start or self._breaks:
            text = text.lstrip(" ")
        self._put(text)

    def whole(self) -> str:
        """All that was written."""
        text = "".join(self._out).replace("\xa0", " ")
        lines = (INVISIBLE.sub("", line).rstrip() for line in text.split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._out:
            self._out.append("\n" * self._breaks)
        # A box of a task list is mark enough.
        self._out += (self._mark.removesuffix(_BULLET) if text[0] in _BOXES else self._mark, text)
        self._breaks, self._mark, self._at_start = 0, "", False

    def _end_line(self, breaks: int) -> None:
        if not self._mark:  # else an item begins, with a paragraph of its own
            self._breaks = max(self._breaks, breaks)

    def _item_mark(self) -> str:
        number = self._lists[-1]
        if not number:
            return _BULLET
        self._lists[-1] += 1
        return f"{number}. "

    def _write_address(self, link: LexborNode) -> None:
        href = (link.attributes.get("href") or "").strip()
        text = " ".join(link.text().split())
        if is_outside(href) and not says_it_all(text, href):
            self._put(f"（{href}）")


def _first_number(node: LexborNode) -> int:
    start = node.attributes.get("start") or ""
    return int(start) if re.fullmatch("[1-9][0-9]{0,5}", start) else 1
