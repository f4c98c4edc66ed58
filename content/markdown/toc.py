"""A table of contents where `[TOC]` or `[[toc]]` stands; without links: WeChat has no anchors."""

import re
from itertools import pairwise
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_PLACE = re.compile(r"\[(?:TOC|\[_?TOC_?\])\]", re.IGNORECASE)
_HEADING = "目录"
_LEVELS = 2  # deeper lists do not look right in WeChat
_SPOKEN = ("text", "code_inline", "ruby", "math_inline")


def use_toc(md: MarkdownIt) -> None:
    """`[TOC]`, once; a second one would only repeat it and is left out."""
    md.core.ruler.push("toc", _write)


def _write(state: StateCore) -> None:
    places = [
        index
        for index, token in enumerate(state.tokens)
        if token.type == "inline"
        and _PLACE.fullmatch(token.content)
        and state.tokens[index - 1].type == "paragraph_open"
    ]
    if not places:
        return
    contents = _contents(_headings(state.tokens))
    for index in places:
        for token in state.tokens[index - 1 : index + 2]:
            token.type = "toc_place"
    first = places[0]
    before, after = state.tokens[: first - 1], state.tokens[first + 2 :]
    state.tokens = [*before, *contents, *(t for t in after if t.type != "toc_place")]


def _headings(tokens: list[Token]) -> list[tuple[int, str]]:
    """(level, text) of those of the two highest levels that are used more than once."""
    found = [
        (int(opening.tag[1]), text)
        for opening, inline in pairwise(tokens)
        if opening.type == "heading_open" and (text := _text(inline))
    ]
    if found and found[0][0] == 1 and all(level > 1 for level, _ in found[1:]):
        del found[0]  # the article's title
    levels = sorted({level for level, _ in found})[:_LEVELS]
    return [(levels.index(level), text) for level, text in found if level in levels]


def _text(inline: Token) -> str:
    parts = (child.content for child in inline.children or [] if child.type in _SPOKEN)
    return " ".join("".join(parts).split())


def _contents(headings: list[tuple[int, str]]) -> list[Token]:
    if not headings:
        return []
    tokens = [_token("section_open", "section", 1, "toc"), *_line("p", _HEADING, "toc-title")]
    tokens.append(_token("bullet_list_open", "ul", 1))
    nested = False
    for number, (level, text) in enumerate(headings):
        following = headings[number + 1][0] if number + 1 < len(headings) else 0
        tokens += [_token("list_item_open", "li", 1), *_line("section", text)]
        if level == 0 and following > 0:
            tokens.append(_token("bullet_list_open", "ul", 1))
            nested = True
            continue
        tokens.append(_token("list_item_close", "li", -1))
        if nested and following == 0:
            tokens += [_token("bullet_list_close", "ul", -1), _token("list_item_close", "li", -1)]
            nested = False
    return [*tokens, _token("bullet_list_close", "ul", -1), _token("section_close", "section", -1)]


def _line(tag: str, text: str, name: str = "") -> list[Token]:
    inline = _token("inline", "", 0)
    inline.content, inline.children = text, [Token("text", "", 0, content=text)]
    return [_token(f"{tag}_open", tag, 1, name), inline, _token(f"{tag}_close", tag, -1)]


def _token(kind: str, tag: str, nesting: Literal[-1, 0, 1], name: str = "") -> Token:
    token = Token(kind, tag, nesting, block=True)
    if name:
        token.attrSet("class", name)
    return token
