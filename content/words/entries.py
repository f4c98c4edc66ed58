import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from core.errors import Text

Level = Literal["block", "warn", "replace", "allow"]

_LEVELS: tuple[Level, ...] = get_args(Level)
_MAX_CHARS = 100  # of a word, and of what replaces it
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Entry(NamedTuple):
    """A word of a list, and what to do where it stands."""

    word: str
    level: Level = "block"
    replacement: str | None = None  # None: an asterisk for each of its characters


class BadLine(NamedTuple):
    """A line of a list that says nothing usable; the others count all the same."""

    number: int
    problem: Text


def read_list(text: str) -> Iterator[Entry | BadLine]:
    """Each line of a list: `word`, `word⇥level` or `word⇥replace⇥replacement`; `#` comments."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, level, replacement = _columns(line)
        problem = _problem(word, level, replacement)
        if problem is not None:
            yield BadLine(number, problem)
        else:
            kind = next(each for each in _LEVELS if each == (level or "block"))
            yield Entry(word, kind, replacement)


def entries_of(text: str) -> list[Entry]:
    """The usable lines of a list."""
    return [line for line in read_list(text) if isinstance(line, Entry)]


def _columns(line: str) -> tuple[str, str, str | None]:
    word, _, rest = line.partition("\t")
    level, tab, replacement = rest.partition("\t")
    return word.strip(), level.strip(), replacement.strip() if tab else None


def _problem(word: str, level: str, replacement: str | None) -> Text | None:
    if level and level not in _LEVELS:
        known = " ".join(_LEVELS)
        return Text(f"没有级别 {level[:20]}（{known}）", f"no level {level[:20]} ({known})")
    if replacement is not None and level != "replace":
        return Text("只有 replace 有第三列", "a third column goes with replace alone")
    if not word or max(len(word), len(replacement or "")) > _MAX_CHARS:
        return Text(f"词长应为 1–{_MAX_CHARS} 个字符", f"words have 1 to {_MAX_CHARS} characters")
    if _NOT_TEXT.search(word + (replacement or "")):
        return Text("含控制字符", "holds control characters")
    return None
