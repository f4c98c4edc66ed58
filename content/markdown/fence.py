import re
from dataclasses import dataclass

_LANGUAGE_CHARS = 30
_TITLE_CHARS = 60
_BRACES = re.compile(r"\{([0-9,\s-]{1,200})\}")
_TITLE = re.compile(r"""title=(?:"([^"]*)"|'([^']*)'|(\S+))""")


@dataclass(frozen=True, slots=True)
class Fence:
    """What stands behind the backticks: ```` ```python title="main.py" {1,3-5} ````."""

    language: str = ""
    title: str = ""
    marked: tuple[range, ...] = ()  # lines to point out, counted from 1

    @classmethod
    def parse(cls, info: str) -> "Fence":
        """Read the info string; what is not understood is left alone."""
        info = info.strip()[:1_000]
        first = re.split(r"[\s{]", info, maxsplit=1)[0]
        language, _, name = first.partition(":")  # ```js:src/app.js
        title = _TITLE.search(info)
        return cls(
            language=language[:_LANGUAGE_CHARS],
            title=(next(filter(None, title.groups()), "") if title else name)[:_TITLE_CHARS],
            marked=_ranges(_BRACES.search(info)),
        )

    def marks(self, line: int) -> bool:
        """Whether line number `line` is to be pointed out."""
        return any(line in lines for lines in self.marked)


def _ranges(found: re.Match[str] | None) -> tuple[range, ...]:
    ranges = []
    for part in found[1].split(",") if found else ():
        first, _, last = (text.strip() for text in part.partition("-"))
        if first.isdecimal() and (last.isdecimal() or not last):
            ranges.append(range(int(first), int(last or first) + 1))
    return tuple(ranges)
