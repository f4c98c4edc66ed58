from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from content.manuscript import Body
from content.roundtrip import normal

_MAX_PIECES = 30_000
_ANCHOR_CHARS = 24
_PARSED_IN = frozenset({"html", "head", "body"})


@dataclass(slots=True)
class Piece:
    """An element, without where it stands: that is told by the text that follows it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)  # in one spelling, without style
    styles: dict[str, str] = field(default_factory=dict)
    anchor: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What its counterpart has in common with it."""
        return self.tag, self.attributes.get("src") or self.anchor


def read(html: str) -> tuple[list[Piece], str]:
    """The elements of `html` in their order, at most 30 000, and its text without white space."""
    pieces: list[Piece] = []
    texts: list[str] = []
    waiting: list[Piece] = []
    for node in _walk(html):
        if node.is_element_node and node.tag not in _PARSED_IN:
            if len(pieces) >= _MAX_PIECES:
                break
            piece = _piece(node)
            pieces.append(piece)
            waiting.append(piece)
        elif node.is_text_node and (text := "".join((node.text_content or "").split())):
            texts.append(text)
            for piece in waiting:
                piece.anchor = text[:_ANCHOR_CHARS]
            waiting.clear()
    return pieces, "".join(texts)


def _walk(html: str) -> Iterator[LexborNode]:
    """Every node, without recursion: whoever kept it may have nested it without end."""
    stack = [Body(html).root]
    while stack:
        node = stack.pop()
        if node is not None:
            yield node
            stack += [node.next, node.first_child]


def _piece(node: LexborNode) -> Piece:
    attributes = {
        name: normal.attribute(name, value or "") for name, value in node.attributes.items()
    }
    style = node.attributes.get("style") or ""
    attributes.pop("style", None)
    if node.tag == "img" and not attributes.get("src") and "data-src" in node.attributes:
        attributes["src"] = normal.address(node.attributes["data-src"] or "")
    return Piece(node.tag or "", attributes, normal.styles(style))
