from dataclasses import asdict, dataclass
from typing import Any

from content.words.entries import Level

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class WordHit:
    """A word of a list, where it stands in an article."""

    word: str  # as the list has it
    level: Level
    list: str
    field: str  # title, author, digest, content
    offset: int  # characters before it in the field, or in the text that readers see
    line: int | None = None  # in what the caller sent; None: it is not there in one piece
    column: int | None = None

    def shown(self) -> str:
        """For people of any language."""
        place = f"{self.line}:{self.column}" if self.line else f"#{self.offset + 1}"
        return f"{self.field} {place} “{self.word}” ({self.list})"

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def shown(hits: list[WordHit]) -> str:
    """The first of `hits`, and how many there are besides."""
    more = len(hits) - _MOST_SHOWN
    places = "; ".join(hit.shown() for hit in hits[:_MOST_SHOWN])
    return f"{places}; … +{more}" if more > 0 else places
