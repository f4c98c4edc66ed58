import re
from bisect import bisect_right
from itertools import takewhile
from operator import eq
from typing import NamedTuple

from content.words.folding import Folding

# What stands in a source and not in its text: where links lead, footnotes, the tags of HTML.
_LINK_ENDS = re.compile(r"\]\([^)\n]{0,500}\)|\]\[[^\]\n]{0,500}\]|\[\^[^\]\n]{0,100}\]")
_NUMBERS = re.compile(r"\[[0-9]{1,3}\]")  # of references, in the text alone
_TAGS = re.compile(r"<[^<>]*>")
_CONTEXT = 16  # letters on either side tell one place from another
_MOST_PLACES = 200  # of one word


class Place(NamedTuple):
    """Both from 1; columns count characters."""

    line: int
    column: int


class Source:
    """Where in Markdown, or HTML, a piece of the finished article comes from.

    It is found by its letters and those around it, so that bold, footnotes, or a table of
    contents in between do not matter.
    """

    def __init__(self, text: str, folding: Folding, *, is_markdown: bool) -> None:
        self._folding = folding
        self._letters = folding.letters(text, _LINK_ENDS if is_markdown else _TAGS)
        self._lines = [0, *(found.end() for found in re.finditer("\r\n?|\n", text))]
        self._taken: set[int] = set()

    def locate(self, before: str, found: str, after: str) -> Place | None:
        """The place of `found`, given what readers see around it; each place is given once."""
        seen = (before, found, after)
        letters = [self._folding.letters(part, _NUMBERS).text for part in seen]
        if not letters[1]:
            return None
        at = max(self._occurrences(letters[1]), key=lambda at: self._likeness(at, *letters))
        if at < 0:
            return None
        self._taken.add(at)
        start, _ = self._letters.span(at, at + 1)
        line = bisect_right(self._lines, start)
        return Place(line, start - self._lines[line - 1] + 1)

    def _occurrences(self, word: str) -> list[int]:
        places: list[int] = []
        at = self._letters.text.find(word)
        while at >= 0 and len(places) < _MOST_PLACES:
            places.append(at)
            at = self._letters.text.find(word, at + 1)
        return places or [-1]

    def _likeness(self, at: int, before: str, word: str, after: str) -> tuple[int, bool]:
        source, end = self._letters.text, at + len(word)
        left = source[max(0, at - _CONTEXT) : at][::-1]
        alike = _common(left, before[::-1]) + _common(source[end : end + _CONTEXT], after)
        return alike, at not in self._taken


def _common(left: str, right: str) -> int:
    """How long they are the same from their beginnings."""
    return sum(takewhile(bool, map(eq, left, right)))
