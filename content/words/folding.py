import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from itertools import accumulate

import opencc

BARRIER = "\0"  # between blocks of an article: no word reaches across

_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LATIN = r"0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
# What is set between the characters of a word to hide it. No punctuation of sentences: 买卖，春天
# holds two words.
_BETWEEN = (
    r"\s\u00ad\u0300-\u036f\u115f\u1160\u200b-\u200f\u2060-\u2064\u2800\u3164\ufdd0-\ufdef"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufffe\uffff"
    r"*_~\-=+|/\\^#.·•・＊＿～－＝＋｜／"
)
_APART = re.compile(
    rf"(?<=[{_HAN}])[{_BETWEEN}]++(?=[{_HAN}{_LATIN}])|(?<=[{_LATIN}])[{_BETWEEN}]++(?=[{_HAN}])"
)
_MORE_SPACE = re.compile(r"(?<=\s)\s+")
# Marks on other characters, and what has no width or is no character.
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Cn"})
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # by their category letters and symbols
_MOST_KEPT = 50_000  # characters: a hostile text could name a million


class Folded:
    """A text in the one form of all its spellings, with the way back to it."""

    def __init__(self, parts: list[str]) -> None:
        """`parts`: what became of each character of the source."""
        self.text = "".join(parts)
        self._parts = parts

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where [start, end) of `text` stands in the source."""
        return self._origin(start), self._origin(end - 1) + 1

    def _origin(self, at: int) -> int:
        return bisect_right(self._starts, at) - 1

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self._parts), initial=0))


class Folding:
    """NFKC, lower case, simplified characters, nothing invisible: 敏感詞, ｖｘ, VX.

    Character by character, lists and articles alike, so that each has its place in the source:
    "㈱" is three characters in NFKC.
    """

    def __init__(self, *, separators: bool) -> None:
        """`separators`: leave out what is set between Chinese characters, as in 敏 感*词."""
        self._separators = separators
        self._table = _Table()

    def fold(self, text: str) -> Folded:
        """`text` in the form in which it is compared."""
        table = self._table
        if len(table) > _MOST_KEPT:
            table.clear()
        parts = [table[char] for char in text]
        for pattern in (_MORE_SPACE, _APART) if self._separators else (_MORE_SPACE,):
            for found in pattern.finditer(text):
                start, end = found.span()
                parts[start:end] = [""] * (end - start)
        return Folded(parts)

    def letters(self, text: str, left_out: re.Pattern[str] | None = None) -> Folded:
        """Letters and digits alone, without what `left_out` matches."""
        table = self._table
        parts = ["".join(filter(str.isalnum, table[char])) for char in text]
        if left_out is not None:
            for found in left_out.finditer(text):
                start, end = found.span()
                parts[start:end] = [""] * (end - start)
        return Folded(parts)


class _Table(dict[str, str]):
    """Characters to what stands for them, filled as they are met."""

    def __init__(self) -> None:
        super().__init__({BARRIER: BARRIER})
        self._simplify: Callable[[str], str] = opencc.OpenCC("t2s").convert

    def __missing__(self, char: str) -> str:
        folded = self[char] = self._fold(char)
        return folded

    def clear(self) -> None:
        super().clear()
        self[BARRIER] = BARRIER

    def _fold(self, char: str) -> str:
        if char.isspace():
            return " "
        if char in _BLANK or unicodedata.category(char) in _UNSEEN:
            return ""
        bare = unicodedata.normalize("NFKD", char)
        bare = "".join(each for each in bare if not unicodedata.combining(each))
        # Accents are one more way to hide a Latin word; kana without theirs would be others.
        whole = bare if bare.isascii() else unicodedata.normalize("NFKC", char)
        return self._simplify(whole.casefold())
