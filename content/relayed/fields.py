"""Where in the JSON of a draft its texts and pictures stand, to the character.

Nothing is written anew: whoever changes a string by these places leaves every other byte alone.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

Role = Literal["content", "cover", "material"]
_Shape = Mapping[str, "Role | _Shape"]

# A list counts as what it holds: draft/add has a list of articles, draft/update one article.
_DRAFT: _Shape = {
    "articles": {
        "content": "content",
        "thumb_media_id": "cover",
        "image_info": {"image_list": {"image_media_id": "material"}},
    }
}
_DECODER = json.JSONDecoder(strict=False)  # a line end within a string is WeChat's to judge
_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)


class Unreadable(Exception):
    """The text is no JSON."""


class Place:
    """Where the characters of a JSON string's value stand in the text."""

    def __init__(self, text: str, start: int, end: int) -> None:
        """`start` and `end`: what is between the quotes."""
        self._start = start
        self._at: list[int] = []  # of each escape: its character in the value
        self._longer: list[int] = [0]  # by how much all escapes so far are longer than that
        for found in _ESCAPE.finditer(text, start, end) if "\\" in text[start:end] else ():
            self._at.append(found.start() - start - self._longer[-1])
            self._longer.append(self._longer[-1] + len(found.group()) - 1)

    def of(self, index: int) -> int:
        """Where in the text the value's character `index` begins; its length: where it ends."""
        return self._start + index + self._longer[bisect_left(self._at, index)]


class Field(NamedTuple):
    """A string of a draft that matters to us."""

    role: Role
    path: str  # articles[0].content
    article: int
    value: str
    place: Place


def fields_of(text: str) -> Iterator[Field]:
    """Those of a draft, in their order; raises Unreadable."""
    start = 1 if text.startswith("\ufeff") else 0
    try:
        yield from _Reader(text).read(start, _DRAFT, "")
    except (IndexError, ValueError):  # it ends too early, or is no JSON
        raise Unreadable from None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0  # of the value that was read last
        self._article = 0

    def read(self, at: int, shape: "Role | _Shape", path: str) -> Iterator[Field]:
        """The fields in the value that begins at `at`, which looks like `shape`."""
        at = self._after_space(at)
        first = self._text[at]
        if isinstance(shape, str):
            if first == '"':
                value, self._end = _DECODER.raw_decode(self._text, at)
                place = Place(self._text, at + 1, self._end - 1)
                yield Field(shape, path, self._article, value, place)
                return
        elif first == "{":
            yield from self._object(at + 1, shape, path)
            return
        elif first == "[":
            yield from self._list(at + 1, shape, path)
            return
        self._skip(at)

    def _object(self, at: int, shape: _Shape, path: str) -> Iterator[Field]:
        at = self._after_space(at)
        while self._text[at] == '"':
            name, at = _DECODER.raw_decode(self._text, at)
            at = self._after_space(at)
            if self._text[at] != ":":
                raise ValueError(at)
            if name in shape:
                yield from self.read(at + 1, shape[name], f"{path}.{name}" if path else name)
            else:
                self._skip(self._after_space(at + 1))
            at = self._after_space(self._end)
            if self._text[at] == ",":
                at = self._after_space(at + 1)
        self._close(at, "}")

    def _list(self, at: int, shape: _Shape, path: str) -> Iterator[Field]:
        at = self._after_space(at)
        index = 0
        while self._text[at] != "]":
            if path == "articles":
                self._article = index
            yield from self.read(at, shape, f"{path}[{index}]")
            index += 1
            at = self._after_space(self._end)
            if self._text[at] != ",":
                break
            at = self._after_space(at + 1)
        self._close(at, "]")

    def _close(self, at: int, bracket: str) -> None:
        if self._text[at] != bracket:
            raise ValueError(at)
        self._end = at + 1

    def _skip(self, at: int) -> None:
        _, self._end = _DECODER.raw_decode(self._text, at)

    def _after_space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return at if found is None else found.end()
