"""Runs of marks of our own syntax: four times the text costs four times the work, not sixteen."""

import sys
from contextlib import suppress
from types import FrameType

import pytest

from content.refusals import MarkdownTooComplex
from tests.content.markdown.conftest import Html

_SMALL = 2_000

BOMBS = {
    "uses of one note": ("[^1]: x\n\n", "[^1]"),
    "labels without end": ("[^1]: x\n\n", "[^"),
    "notes": ("", "[^1]: x\n\n[^1]"),
    "notes in place": ("", "^[a]"),
    "notes in place without end": ("", "^["),
    "tables of contents": ("", "[TOC]\n\n"),
    "contents of headings": ("[TOC]\n\n", "# a\n"),
    "boxes": ("", "::: a\n:::\n"),
    "columns": ("::: columns\n", "::: column\na\n:::\n"),
    "colons": ("", ":"),
    "ends of boxes": ("", ":::\n"),
    "braces": ("", "`a`{"),
    "attributes": ("", "`a`{.a}"),
    "attributes without end": ("", '[a]{b="'),
    "spans": ("", "[a]{.b}"),
    "readings": ("", "[a]{b}"),
    "readings without end": ("", "[a]^("),
    "marks": ("", "==a"),
    "subscripts": ("", "a~1"),
    "superscripts": ("", "a^1^"),
    "emoji": ("", ":a"),
    "definitions": ("", "a\n: b\n\n"),
    "captions": ("", '![a](b "c")\n\n'),
    "lists in lists": ("", "- - - - a\n"),
    "links": ("", "[a](http://a.b)"),
    "link definitions": ("", "[a]: b\n"),
    "brackets": ("", "["),
}


@pytest.mark.parametrize(("head", "part"), BOMBS.values(), ids=BOMBS)
def test_work_grows_in_step_with_the_text(html: Html, head: str, part: str) -> None:
    counts = [_calls(html, head + part * (size // len(part))) for size in (_SMALL, 4 * _SMALL)]
    assert counts[1] < 5 * counts[0] + 2_000


def _calls(html: Html, text: str) -> int:
    """How many functions were called to render `text`."""
    count = 0

    def profile(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        with suppress(MarkdownTooComplex):
            html(text)
    finally:
        sys.setprofile(None)
    return count
