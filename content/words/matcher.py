from collections.abc import Iterable
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from content.words.entries import Entry
from content.words.folding import BARRIER, Folding


class Match(NamedTuple):
    """A word of a list in a text, whose [start, end) it is."""

    start: int
    end: int
    entry: Entry
    list: str


class Matcher:
    """Finds the words of several lists in one pass: the leftmost, of those the longest.

    Where lists share a word, the last of them counts.
    """

    def __init__(self, lists: Iterable[tuple[str, list[Entry]]], *, separators: bool) -> None:
        """`lists` by name. Building takes about 5 µs a word."""
        self.folding = Folding(separators=separators)
        words: dict[str, tuple[Entry, str]] = {}
        for name, entries in lists:
            # All at once: a fold of its own for each takes ten times as long.
            folded = self.folding.fold(BARRIER.join(entry.word for entry in entries)).text
            for word, entry in zip(folded.split(BARRIER), entries, strict=True):
                if bare := word.strip():
                    words[bare] = entry, name
        self._words = list(words.values())
        self._automaton = AhoCorasick(list(words), matchkind=MatchKind.LeftmostLongest)

    def find(self, text: str) -> list[Match]:
        """All matches but those that the lists allow, in their order; none overlaps another."""
        folded = self.folding.fold(text)
        matches = []
        for number, start, end in self._automaton.find_matches_as_indexes(folded.text):
            entry, name = self._words[number]
            if entry.level != "allow" and not _cuts_a_word(folded.text, start, end):
                matches.append(Match(*folded.span(start, end), entry, name))
        return matches


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Whether it is only a part of a Latin word or of a number: "ass" in "class"."""
    return _is_inside(text, start) or _is_inside(text, end)


def _is_inside(text: str, at: int) -> bool:
    pair = text[at - 1 : at + 1] if at else ""
    return len(pair) > 1 and pair.isascii() and (pair.isalpha() or pair.isdigit())
