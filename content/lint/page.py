import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from content.lint.elements import Element, html_elements, markdown_elements
from content.lint.rule import Position
from content.manuscript import Manuscript

_MAX_SOURCE_CHARS = 300_000  # more is not searched: the limit of WeChat is 20 000 of text
_FIELD = re.compile(r"^([A-Za-z_][\w-]*)[ \t]*:", re.MULTILINE)


@dataclass
class Page:
    """What the checks look at: the source as sent, and the manuscript after the steps."""

    manuscript: Manuscript
    files: frozenset[str] | None = None  # names of the pictures sent along; None: not known

    @property
    def source(self) -> str:
        """What the caller sent."""
        return self.manuscript.source

    @cached_property
    def head(self) -> str:
        """The front matter, up to where the text begins."""
        text = self.manuscript.text
        if not self.manuscript.is_markdown or not self.source.endswith(text):
            return ""
        return self.source[: len(self.source) - len(text)]

    @cached_property
    def head_fields(self) -> Mapping[str, int]:
        """Where each name at the top of the front matter stands in the source."""
        return {found[1]: found.start() for found in _FIELD.finditer(self.head)}

    @cached_property
    def elements(self) -> list[Element]:
        """The source's elements, in their order; for HTML of its first 300 000 characters."""
        manuscript = self.manuscript
        if manuscript.is_markdown:
            return markdown_elements(manuscript.tokens, self.lines, self.head.count("\n"))
        return html_elements(self.source[:_MAX_SOURCE_CHARS], self.position)

    @cached_property
    def lines(self) -> list[str]:
        """The source's lines, as Markdown counts them."""
        return self.source.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", self.source))]

    def position(self, offset: int) -> Position:
        """The place of the source's character `offset`."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def offset(self, position: Position) -> int:
        """Where in the source `position` is; a line's beginning when it has no column."""
        return self._line_starts[position.line - 1] + (position.column or 1) - 1

    def field_position(self, name: str) -> Position | None:
        """Where the front matter gives the field; None if something else gave it."""
        offset = self.head_fields.get(name)
        return None if offset is None else self.position(offset)
