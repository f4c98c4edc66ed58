from itertools import accumulate

from content.markdown.letters import count_han, count_words, is_han, is_latin

_WIDE = {",": "，", ".": "。", "!": "！", "?": "？", ":": "：", ";": "；", "(": "（", ")": "）"}
_IN_CHINESE = frozenset("，。！？：；（）、《》〈〉「」『』【】")
_QUOTES = frozenset("\"'“”‘’")
_SMILES = frozenset("()")  # :) without an opening one
_AFTER_STOP = frozenset({"", " ", "\n", "(", ")", '"', "'"})  # else it is in a name: 说明.txt
_MOST_SPACES = 4


def widen(text: str, cells: list[str], kept: list[bool]) -> None:
    """Write full-width punctuation in Chinese text: after Chinese, or before it.

    Numbers, addresses, file names, rows of dots and English text stay, and so does all of a
    paragraph that has more English words than Chinese characters.
    """
    if count_han(text) < max(1, count_words(text)):
        return
    brackets = _Brackets(text, kept)
    before = ""  # the last character that will stand there, but for quotes
    for at, char in enumerate(text):
        if not cells[at]:
            continue  # a space behind punctuation that became wide
        if char in _WIDE and not kept[at] and _in_chinese(text, at, before, brackets):
            char = cells[at] = _WIDE[char]  # noqa: PLW2901
            _drop_spaces(text, cells, at + 1)
        if char not in _QUOTES:
            before = char


class _Brackets:
    """The round brackets that make pairs."""

    def __init__(self, text: str, kept: list[bool]) -> None:
        self.partner: dict[int, int] = {}
        self.wide: set[int] = set()  # closing ones, whose partner became wide
        self._han = list(accumulate(map(is_han, text), initial=0))
        opened: list[int] = []
        for at, char in enumerate(text):
            if char == "(" and not kept[at]:
                opened.append(at)
            elif char == ")" and not kept[at] and opened:
                start = opened.pop()
                self.partner |= {start: at, at: start}

    def hold_chinese(self, start: int) -> bool:
        """Whether there is Chinese between the one at `start` and its partner."""
        return self._han[self.partner[start]] > self._han[start]


def _in_chinese(text: str, at: int, before: str, brackets: _Brackets) -> bool:
    char, after = text[at], text[at + 1 : at + 2]
    follows_chinese = is_han(before) or before in _IN_CHINESE
    if char == ")":
        return at in brackets.wide
    if char == "(":
        wide = at in brackets.partner and (follows_chinese or brackets.hold_chinese(at))
        if wide:
            brackets.wide.add(brackets.partner[at])
        return wide
    if char == ".":
        lone = text[at - 1 : at] != "." and (not after.isascii() or after in _AFTER_STOP)
        return follows_chinese and lone
    if char == ":" and (after == "/" or (after in _SMILES and at + 1 not in brackets.partner)):
        return False
    if follows_chinese:
        return True
    precedes_chinese = is_han(text[at + 1 : at + 1 + _MOST_SPACES].lstrip(" ")[:1])
    return precedes_chinese and (is_latin(before) or before == "%")


def _drop_spaces(text: str, cells: list[str], at: int) -> None:
    while text[at : at + 1] == " ":
        cells[at] = ""
        at += 1
