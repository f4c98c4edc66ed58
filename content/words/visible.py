from collections import deque
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborNode

from content.manuscript import Body
from content.words.folding import BARRIER

_INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd"),
        *("mark", "q", "ruby", "s", "samp", "small", "span", "strong", "sub", "sup"),
        *("u", "var", "wbr", "big", "tt", "strike", "img", "br", "tspan"),
    }
)
_READINGS = frozenset({"rp", "rt"})  # stand above what they belong to, not in the middle of it
_UNREAD = frozenset({"style", "script", "title"})
_TOP, _HIDDEN = 0, -1  # beside the elements' own numbers, which are addresses

# [start, end) of the text, and what is to stand there.
Change = tuple[int, int, str]


class VisibleText:
    """The text of an article as readers see it, across bold and links, in one string.

    Blocks are parted by BARRIER.
    """

    def __init__(self, body: Body) -> None:
        self._nodes: list[tuple[int, LexborNode, str]] = []  # where each text begins
        pieces: list[str] = []
        length = 0
        for part, node in _parts(body):
            if node is not None:
                self._nodes.append((length, node, part))
            pieces.append(part)
            length += len(part)
        self.text = "".join(pieces)

    def replace(self, changes: Iterable[Change]) -> None:
        """Carry `changes` out in the tree; they are in order and do not overlap."""
        waiting = deque(changes)
        for begin, node, text in self._nodes:
            stop, at, kept = begin + len(text), begin, ""
            while waiting and waiting[0][0] < stop:
                start, end, replacement = waiting[0]
                if start >= begin:  # else it began in a node before, which has the replacement
                    kept += text[at - begin : start - begin] + replacement
                at = min(end, stop)
                if end > stop:
                    break
                waiting.popleft()
            if at > begin:
                node.replace_with(kept + text[at - begin :])

    def offset(self, at: int) -> int:
        """How many characters readers see before `at`."""
        return at - self.text.count(BARRIER, 0, at)


def _parts(body: Body) -> Iterator[tuple[str, LexborNode | None]]:
    """Texts with their nodes, and what parts them; the readings of ruby at the end."""
    current: int | None = None
    readings: list[LexborNode] = []
    for node, block in _with_blocks(body):
        if node.tag == "br":
            yield "\n", None
        elif node.parent is not None and node.parent.tag in _READINGS:
            readings.append(node)
        else:
            if current not in (None, block):
                yield BARRIER, None
            current = block
            yield node.text_content or "", node
    for node in readings:
        yield BARRIER, None
        yield node.text_content or "", node


def _with_blocks(body: Body) -> Iterator[tuple[LexborNode, int]]:
    """Each text that is seen, and each `<br>`, with its nearest block."""
    if body.root is None:
        return
    block_of = {_TOP: _TOP}  # of each element; parents come before their children
    for node in list(body.root.traverse(include_text=True)):
        parent = node.parent
        outer = block_of.get(_TOP if parent is None else parent.mem_id, _TOP)
        if node.is_text_node:
            if outer != _HIDDEN:
                yield node, outer
        elif node.is_element_node:
            block_of[node.mem_id] = _block(node, outer)
            if node.tag == "br":
                yield node, outer


def _block(node: LexborNode, outer: int) -> int:
    if outer == _HIDDEN or node.tag in _UNREAD:
        return _HIDDEN
    return outer if node.tag in _INLINE or node.tag in _READINGS else node.mem_id
