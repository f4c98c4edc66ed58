"""Spaces, punctuation and quotes as a Chinese typesetter would have them: three switches.

Only the text of paragraphs, headings and cells is changed; never code, formulas, addresses or
attributes. Every rule looks at each character once.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from content.markdown.protected import protected
from content.markdown.punctuation import widen
from content.markdown.quotes import curl
from content.markdown.spacing import space
from content.options import RenderOptions

_OPAQUE = "\ufffc"  # stands for code, a formula, a picture: neither letter nor space
_VERBATIM = re.compile(r"<(/?)(?:code|pre|kbd|samp|var|tt|style|script|svg)\b", re.IGNORECASE)
_BREAKS = ("softbreak", "hardbreak")


class Piece(NamedTuple):
    """A part of a paragraph between two marks of its markup."""

    text: str
    depth: int = 0  # of the markup around it
    frozen: bool = False  # not to be changed


def use_typography(md: MarkdownIt) -> None:
    """Improve the text after everything else has read it."""
    md.core.ruler.push("typography", _typography)


def improve(pieces: Sequence[Piece], options: RenderOptions) -> list[str]:
    """The texts of `pieces` as `options` want them; those that are frozen as they were.

    They are read as one text: `中文**English**` has a border inside.
    """
    text = "".join(piece.text for piece in pieces)
    kept = protected(text)
    depths: list[int] = []
    for piece in pieces:
        start = len(depths)
        depths += [piece.depth] * len(piece.text)
        if piece.frozen:
            kept[start : len(depths)] = [True] * len(piece.text)
    cells = list(text)  # what is to stand for each character
    if options.cjk_punctuation:
        widen(text, cells, kept)
    if options.smart_quotes:
        curl(text, cells, kept)
    if options.space_cjk:
        space(text, cells, kept, depths)
    texts, start = [], 0
    for piece in pieces:
        end = start + len(piece.text)
        texts.append(piece.text if piece.frozen else "".join(cells[start:end]))
        start = end
    return texts


def _typography(state: StateCore) -> None:
    manuscript = state.env.get("manuscript")
    options: RenderOptions | None = getattr(manuscript, "options", None)
    if options is None or not (
        options.space_cjk or options.cjk_punctuation or options.smart_quotes
    ):
        return
    for token in state.tokens:
        if token.type == "inline" and token.children:
            _improve_inline(token.children, options)


def _improve_inline(children: list[Token], options: RenderOptions) -> None:
    pieces: list[Piece] = []
    depth = 0
    written = False  # the text of a link is its address
    verbatim = 0  # open elements of HTML whose text is no prose
    for child in children:
        depth += min(child.nesting, 0)
        if child.type == "link_open":
            written = child.info == "auto"
        elif child.type == "link_close":
            written = False
        elif child.type == "html_inline" and (tag := _VERBATIM.match(child.content)):
            verbatim = max(0, verbatim + (-1 if tag[1] else 1))
        if child.type == "text":
            pieces.append(Piece(child.content, depth, written or verbatim > 0))
        elif child.type in _BREAKS:
            pieces.append(Piece("\n", depth, frozen=True))
        elif child.nesting == 0:
            pieces.append(Piece(_OPAQUE, depth, frozen=True))
        else:
            pieces.append(Piece("", depth, frozen=True))
        depth += max(child.nesting, 0)
    for child, text in zip(children, improve(pieces, options), strict=True):
        if child.type == "text":
            child.content = text
