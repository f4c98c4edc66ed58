from collections.abc import Iterator
from typing import NamedTuple

from content.roundtrip.pieces import Piece, read

_AHEAD = 100  # how far the counterpart of an element is looked for
_SHOWN = 80
_MOST = 30  # kinds of changes that are told
_WORST_FIRST = ("picture", "link", "tag", "text", "style", "attribute")


class Change(NamedTuple):
    """One kind of change, and how often WeChat made it."""

    what: str  # picture, link, tag, text, style, attribute
    change: str  # dropped, changed, added
    name: str  # tag, property or attribute
    sent: str = ""
    kept: str = ""


def compare(sent: str, kept: str) -> list[dict[str, object]]:
    """What of `sent` is not in `kept`, each kind of change once, the worst first.

    Takes linear time: an element is looked for among the next hundred.
    """
    counts: dict[tuple[str, ...], int] = {}
    examples: dict[tuple[str, ...], Change] = {}
    for change in _changes(sent, kept):
        key = change[:3] if change.what in ("style", "attribute", "tag") else change
        counts[key] = counts.get(key, 0) + 1
        examples.setdefault(key, change)
    told = sorted(examples, key=lambda key: (_WORST_FIRST.index(key[0]), -counts[key]))
    return [{**examples[key]._asdict(), "count": counts[key]} for key in told[:_MOST]]


def _changes(sent: str, kept: str) -> Iterator[Change]:
    before, words = read(sent)
    after, words_kept = read(kept)
    if words != words_kept:
        yield _text(words, words_kept)
    for mine, theirs in _pairs(before, after):
        if theirs is None and mine is not None:
            yield _lost(mine)
        elif mine is None and theirs is not None:
            yield Change("tag", "added", theirs.tag)
        elif mine is not None and theirs is not None:
            yield from _differences(mine, theirs)


def _pairs(before: list[Piece], after: list[Piece]) -> Iterator[tuple[Piece | None, Piece | None]]:
    """Each element with its counterpart; None where it has none."""
    here = there = 0
    while here < len(before) and there < len(after):
        mine, theirs = before[here], after[there]
        if mine.key != theirs.key:
            dropped = _distance(before, here, theirs)
            added = _distance(after, there, mine)
            if dropped and (not added or dropped <= added):
                yield from ((piece, None) for piece in before[here : here + dropped])
                here += dropped
                continue
            if added:
                yield from ((None, piece) for piece in after[there : there + added])
                there += added
                continue
            if mine.tag != theirs.tag:
                yield mine, None
                here += 1
                continue
        yield mine, theirs
        here, there = here + 1, there + 1
    yield from ((piece, None) for piece in before[here:])
    yield from ((None, piece) for piece in after[there:])


def _distance(pieces: list[Piece], start: int, wanted: Piece) -> int:
    """How many come before the counterpart of `wanted`; 0 if it is not near."""
    near = enumerate(pieces[start : start + _AHEAD])
    return next((index for index, piece in near if piece.key == wanted.key), 0)


def _differences(mine: Piece, theirs: Piece) -> Iterator[Change]:
    for what, old, new in (
        ("style", mine.styles, theirs.styles),
        ("attribute", mine.attributes, theirs.attributes),
    ):
        for name, value in old.items():
            kept = new.get(name, "")
            if kept == value:
                continue
            kind = {"src": "picture", "href": "link"}.get(name, what)
            change = "changed" if kept else "dropped"
            yield Change(kind, change, name, _shown(value), _shown(kept))


def _lost(piece: Piece) -> Change:
    source = piece.attributes.get("src") or piece.attributes.get("href")
    if source and piece.tag in ("img", "a"):
        return Change(
            "picture" if piece.tag == "img" else "link", "dropped", piece.tag, _shown(source)
        )
    return Change("tag", "dropped", piece.tag)


def _text(words: str, kept: str) -> Change:
    """The first place where the texts differ, to where they are the same again at the end."""
    short = min(len(words), len(kept))
    start = next((at for at in range(short) if words[at] != kept[at]), short)
    room = short - start
    end = next((at for at in range(room) if words[-1 - at] != kept[-1 - at]), room)
    mine, theirs = words[start : len(words) - end], kept[start : len(kept) - end]
    change = "added" if not mine else "changed" if theirs else "dropped"
    return Change("text", change, "", _shown(mine), _shown(theirs))


def _shown(text: str) -> str:
    plain = "".join(char if char.isprintable() else " " for char in text[: _SHOWN + 1])
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…"
