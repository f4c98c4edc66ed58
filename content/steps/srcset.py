import re
from collections.abc import Iterator

# A URL up to the next space; a comma right behind it ends the candidate, else a descriptor may
# follow up to the next comma.
_CANDIDATE = re.compile(r"([^\s,](?:\S*[^\s,])?)(?:,|([^,]*))")
_SIZE = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,3})?)[wx]\s*")


def largest_of(srcset: str) -> str:
    """The picture of the highest width or density in `srcset`; empty if it names none."""
    return max(_candidates(srcset), default=(0.0, ""), key=lambda candidate: candidate[0])[1]


def _candidates(srcset: str) -> Iterator[tuple[float, str]]:
    for url, descriptor in _CANDIDATE.findall(srcset):
        size = _SIZE.fullmatch(descriptor)
        yield (float(size[1]) if size else 1.0), url
