import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError
from markupsafe import Markup

from templates.filters import Raw

# Two planes that Unicode keeps free for private use; neither templates nor values may hold them.
_FIRST, _LAST = 0xF0000, 0x10FFFD
_MARK = re.compile("[\U000f0000-\U0010fffd]")


class TooMuch(Exception):
    """A template writes more, or works longer, than any honest one."""


class Marks:
    """Holds the values that a template writes; in its output a character stands for each.

    So a value never meets the syntax around it before that has been read: where its mark stands,
    in YAML or in Markdown, decides how it is written, and it cannot end a quotation or begin a
    list. Being one character, a mark is not cut in two by filters.
    """

    def __init__(self, max_chars: int) -> None:
        self._values: list[str | Raw] = []
        self._left = max_chars

    def mark(self, value: Any) -> Markup:
        """What to write for `value`; raises TooMuch, and what undefined values raise."""
        if isinstance(value, Markup):
            return value  # written by the template: its marks are in it
        text = value if isinstance(value, Raw) else self.put_back(told(value), str)
        self._left -= len(text)
        at = _FIRST + len(self._values)
        if self._left < 0 or at > _LAST:
            raise TooMuch
        if not text:
            return Markup()
        self._values.append(text)
        return Markup(chr(at))  # noqa: S704 - it stands for the value, and is not it

    def put_back(self, text: str, write: Callable[[str], str]) -> str:
        """`text` with each mark replaced by its value, as `write` has it; Raw as it is."""

        def value(mark: re.Match[str]) -> str:
            at = ord(mark[0]) - _FIRST
            found = (
                self._values[at] if at < len(self._values) else ""
            )  # "\\U000f0000" in a template
            return found if isinstance(found, Raw) else write(found)

        return _MARK.sub(value, text)

    def put_raw_back(self, text: str) -> str:
        """`text` with the marks of Markdown values alone replaced; the others still stand."""

        def value(mark: re.Match[str]) -> str:
            at = ord(mark[0]) - _FIRST
            found = self._values[at] if at < len(self._values) else ""
            return found if isinstance(found, Raw) else mark[0]

        return _MARK.sub(value, text)


def told(value: Any) -> str:
    """A value as people write it."""
    if value is None:
        return ""
    if isinstance(value, str | Undefined):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, int | date):
        return str(value)
    raise TemplateRuntimeError(f"a {type(value).__name__} cannot be written; loop over it, or join")
