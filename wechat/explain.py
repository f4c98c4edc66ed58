import re
from dataclasses import dataclass

from wechat.errcodes import Errcode, Errcodes, refused_ip

# An errcode that says so, else any number that could be one.
_SAID = re.compile(r"(?i)errcode\W{0,5}(-?[0-9]{1,9})(?![0-9])")
_NUMBER = re.compile(r"(?<![0-9a-zA-Z.:-])-?[0-9]{1,9}(?![0-9a-zA-Z.:-])")
_NOISE = re.compile(r"(?i)\W*(?:hint: ?\[.*?\]|rid: ?[0-9a-f-]{8,})\W*")
_MAX_CHARS = 2_000
_SHORTEST_WORDS = 4  # a text shorter than this is in too many of WeChat's


@dataclass(frozen=True, slots=True)
class Explained:
    """What a text is about."""

    errcodes: tuple[Errcode, ...]
    ip: str | None  # the one that WeChat refused


def explain(text: str, errcodes: Errcodes, *, limit: int = 50) -> Explained:
    """The errcodes in `text`: by number, or by WeChat's wording or ours, the closest first."""
    text = text[:_MAX_CHARS].strip()
    numbers = _SAID.findall(text) or _NUMBER.findall(text)
    found = [errcodes.get(code) for code in map(int, numbers) if code in errcodes]
    if not found:
        found = _by_words(text, errcodes)
    return Explained(tuple(dict.fromkeys(found))[:limit], refused_ip(text))


def _by_words(text: str, errcodes: Errcodes) -> list[Errcode]:
    wanted = _plain(_NOISE.sub(" ", text))
    if refused_ip(text):
        wanted = "not in whitelist"
    if len(wanted) < _SHORTEST_WORDS and wanted.isascii():
        return []
    # Said exactly so, then a part of what WeChat says, then with more around it.
    ranks: tuple[list[Errcode], ...] = ([], [], [])
    for errcode in errcodes:
        names = _names(errcode)
        if wanted in names:
            ranks[0].append(errcode)
        elif wanted and any(wanted in name for name in names):
            ranks[1].append(errcode)
        elif any(len(name) > 2 * _SHORTEST_WORDS and name in wanted for name in names):
            ranks[2].append(errcode)
    return [errcode for rank in ranks for errcode in rank]


def _names(errcode: Errcode) -> tuple[str, ...]:
    english = _plain(errcode.name)
    return english, _plain(errcode.name.partition(" (")[0]), _plain(errcode.chinese)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
