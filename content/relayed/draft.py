import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from content.uploads import UploadKind


class Edit(NamedTuple):
    """Bytes of the body that something else is put in place of."""

    start: int
    end: int
    picture: int  # its number; -1: nothing comes in their place


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a relayed draft names and WeChat does not have."""

    src: str | None  # None: a data: URI, which is read from the body when its turn comes
    kind: UploadKind
    field: str  # where the draft names it, for messages
    is_background: bool
    stands_at: tuple[int, int]

    def source(self, body: bytes) -> str:
        """Its address."""
        start, end = self.stands_at
        return body[start:end].decode() if self.src is None else self.src

    def written(self, value: str) -> bytes:
        """`value` as it stands where the picture's address stood: in JSON, and in HTML."""
        text = escape(value) if self.kind == "article" else value
        return json.dumps(text, ensure_ascii=False)[1:-1].encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a relayed draft needs; `content.relayed.scan` found it out."""

    pictures: tuple[Picture, ...]
    edits: tuple[Edit, ...]
    unwrapped: tuple[int, ...]  # the articles that come in <html><body>
    too_many: bool

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Plan":
        """A worker's answer in our types."""
        edits = tuple(Edit(*edit) for edit in found["edits"])
        first: dict[int, tuple[int, int]] = {}
        for start, end, picture in edits:
            first.setdefault(picture, (start, end))
        pictures = tuple(
            Picture(**picture, stands_at=first[number])
            for number, picture in enumerate(found["pictures"])
        )
        return cls(pictures, edits, tuple(found["unwrapped"]), found["too_many"])


def with_pictures(body: bytes, plan: Plan, there: Sequence[str | None]) -> bytes:
    """`body` with each picture where it is now, and without wrappers; all else to the byte."""
    pieces, done = [], 0
    for start, end, number in plan.edits:
        if number < 0:
            new = b""
        elif (value := there[number]) is not None:
            new = plan.pictures[number].written(value)
        else:
            continue
        pieces += [body[done:start], new]
        done = end
    return b"".join([*pieces, body[done:]]) if pieces else body
