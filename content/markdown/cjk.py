"""Emphasis beside Chinese text.

CommonMark decides by the spaces around `**` whether it opens or closes. Chinese has no spaces, so
`**粗体：**后文` and `**“粗体”**后` stay as they are. Here a CJK character beside the mark counts as
a space would, and CJK punctuation as a letter.
Source: github.com/tats-u/markdown-cjk-friendly (the rule), read 2026-11.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline.state_inline import Delimiter, StateInline

# Ideographs, kana, hangul, bopomofo; CJK punctuation and full-width forms.
_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\u303f\u3040-\u318f\u31a0-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


def is_cjk(char: str) -> bool:
    """Whether `char` belongs to a script written without spaces."""
    return _CJK.match(char) is not None


def use_cjk_emphasis(md: MarkdownIt) -> None:
    """Let `*`, `_` and `~~` work beside Chinese."""
    md.inline.ruler.at("emphasis", _emphasis)
    md.inline.ruler.at("strikethrough", _strikethrough)


def join_cjk_lines(before: str, after: str) -> str:
    """What a line break inside a paragraph becomes: nothing between two CJK characters."""
    return "" if before and after and is_cjk(before[-1]) and is_cjk(after[0]) else " "


def scan(state: StateInline, marker: str) -> tuple[bool, bool, int]:
    """Whether the run of `marker` at `state.pos` may open and close, and how long it is."""
    end = state.pos
    while end < state.posMax and state.src[end] == marker:
        end += 1
    before = state.src[state.pos - 1] if state.pos else " "
    after = state.src[end] if end < state.posMax else " "
    space_before, space_after = isWhiteSpace(ord(before)), isWhiteSpace(ord(after))
    mark_before, mark_after = _is_mark(before), _is_mark(after)
    left = not space_after and (not mark_after or space_before or mark_before or is_cjk(before))
    right = not space_before and (not mark_before or space_after or mark_after or is_cjk(after))
    if marker == "_":
        return (
            left and (not right or mark_before),
            right and (not left or mark_after),
            end - state.pos,
        )
    return left, right, end - state.pos


def push_delimiters(
    state: StateInline, text: str, count: int, flanking: tuple[bool, bool], length: int = 0
) -> None:
    """Take `count` times `text` as marks that may turn out to open or close something.

    `length` is that of the whole run for the rule of three, 0 where it does not hold.
    """
    can_open, can_close = flanking
    for _ in range(count):
        state.push("text", "", 0).content = text
        state.delimiters.append(
            Delimiter(
                marker=ord(text[0]),
                length=length,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos += len(text) * count


def _emphasis(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    can_open, can_close, length = scan(state, marker)
    push_delimiters(state, marker, length, (can_open, can_close), length)
    return True


def _strikethrough(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    marker = state.src[state.pos]
    if silent or marker != "~":
        return False
    can_open, can_close, length = scan(state, marker)
    if length == 1:  # it means "about" in Chinese: 10~20
        return False
    if length == 2:
        push_delimiters(state, "~~", 1, (can_open, can_close))
    else:  # GFM: three or more are no mark
        state.append_pending(marker * length)
        state.pos += length
    return True


def _is_mark(char: str) -> bool:
    return not is_cjk(char) and (isMdAsciiPunct(ord(char)) or isPunctChar(char))
