import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from content.manuscript import Body, Manuscript
from content.plain_text import without_tags
from content.refusals import SensitiveWords
from content.words.entries import Entry, Level
from content.words.hits import WordHit, shown

if TYPE_CHECKING:
    from content.words.matcher import Match, Matcher
    from content.words.places import Source

_FIELDS = ("title", "author", "digest", "content")
_MOST_LISTS = 8  # an account's each; an automaton of 20 000 words takes some 10 MB
_MOST_LOCATED = 100  # hits whose place in the source is looked for
_MOST_TOLD = 200  # hits that are told one by one; all are counted
_AROUND = 48  # characters beside a hit that tell its place


class WordCheck:
    """Looks for the words of the lists in what readers will see.

    The lists come once, under a name that changes with them.
    """

    def __init__(self) -> None:
        self._matchers: OrderedDict[str, Matcher] = OrderedDict()

    def knows(self, lexicon: str) -> bool:
        """Whether the lists of that name are here; "" are none."""
        return not lexicon or lexicon in self._matchers

    def learn(self, lexicon: str, lists: bytes) -> None:
        """Keep `lists`, as `content.words.shelf` wrote them."""
        from content.words.matcher import Matcher  # not needed where there are no lists

        told: dict[str, Any] = json.loads(lists)
        named = [(name, [Entry(*each) for each in entries]) for name, entries in told["lists"]]
        self._matchers[lexicon] = Matcher(named, separators=told["separators"])
        while len(self._matchers) > _MOST_LISTS:
            self._matchers.popitem(last=False)

    def check(self, manuscript: Manuscript) -> None:
        """Replace what is to be replaced, warn of what is to be said.

        Raises SensitiveWords for what must not stand there.
        """
        matcher = self._matchers.get(manuscript.lexicon)
        if matcher is None:
            return
        self._matchers.move_to_end(manuscript.lexicon)
        found = [*_in_content(manuscript, matcher)]
        found += _in_fields(manuscript, matcher, {hit.word for hit, _ in found})
        found.sort(key=lambda each: each[0].level != "block")  # their places matter most
        hits = _located(manuscript, matcher, found)
        manuscript.words = sorted(hits[:_MOST_TOLD], key=_reading_order)
        _judge(manuscript, sorted(hits, key=_reading_order))


# A hit, with what stands before, in and after it.
_Found = tuple[WordHit, tuple[str, str, str]]


def _in_fields(
    manuscript: Manuscript, matcher: "Matcher", in_content: set[str]
) -> Iterator[_Found]:
    # The title last: where a heading became it, nothing before it tells its place.
    for name in ("digest", "author", "title"):
        text = manuscript.string(name)
        matches = matcher.find(text)
        if changes := list(_changes(text, matches)):
            manuscript.fields[name] = _changed(text, changes)
        for match in matches:
            if name == "digest" and manuscript.digest_from_text and match.entry.word in in_content:
                continue  # told where it stands in the text
            before, word, after = _around(text, match)
            # In front matter it stands behind the name.
            yield _hit(match, name, match.start), (name + before, word, after)


def _in_content(manuscript: Manuscript, matcher: "Matcher") -> Iterator[_Found]:
    return (_in_text if manuscript.article_type == "newspic" else _in_html)(manuscript, matcher)


def _in_text(manuscript: Manuscript, matcher: "Matcher") -> Iterator[_Found]:
    text = manuscript.html
    matches = matcher.find(text)
    if changes := list(_changes(text, matches)):
        manuscript.html = without_tags(_changed(text, changes))
    for match in matches:
        yield _hit(match, "content", match.start), _around(text, match)


def _in_html(manuscript: Manuscript, matcher: "Matcher") -> Iterator[_Found]:
    from content.words.visible import VisibleText

    body = Body(manuscript.html)
    visible = VisibleText(body)
    matches = matcher.find(visible.text)
    if changes := list(_changes(visible.text, matches)):
        visible.replace(changes)
        manuscript.html = body.serialize()
    for match in matches:
        hit = _hit(match, "content", visible.offset(match.start))
        yield hit, _around(visible.text, match)


def _hit(match: "Match", field: str, offset: int) -> WordHit:
    return WordHit(match.entry.word, match.entry.level, match.list, field, offset)


def _around(text: str, match: "Match") -> tuple[str, str, str]:
    start, end = match.start, match.end
    return text[max(0, start - _AROUND) : start], text[start:end], text[end : end + _AROUND]


def _changes(text: str, matches: Iterable["Match"]) -> Iterator[tuple[int, int, str]]:
    for start, end, entry, _ in matches:
        if entry.level == "replace":
            stars = "*" * sum(not char.isspace() for char in text[start:end])
            yield start, end, stars if entry.replacement is None else entry.replacement


def _changed(text: str, changes: list[tuple[int, int, str]]) -> str:
    kept, at = [], 0
    for start, end, replacement in changes:
        kept += [text[at:start], replacement]
        at = end
    return "".join(kept) + text[at:]


def _located(manuscript: Manuscript, matcher: "Matcher", found: list[_Found]) -> list[WordHit]:
    from content.words.places import Source

    if not found:
        return []
    source = Source(manuscript.source, matcher.folding, is_markdown=manuscript.is_markdown)
    first = [_placed(manuscript, source, *each) for each in found[:_MOST_LOCATED]]
    return first + [hit for hit, _ in found[_MOST_LOCATED:]]


def _placed(
    manuscript: Manuscript, source: "Source", hit: WordHit, around: tuple[str, str, str]
) -> WordHit:
    if hit.field in manuscript.sent:
        return hit
    place = source.locate(*around)
    return hit if place is None else replace(hit, line=place.line, column=place.column)


def _reading_order(hit: WordHit) -> tuple[int, int]:
    return _FIELDS.index(hit.field), hit.offset


def _judge(manuscript: Manuscript, hits: list[WordHit]) -> None:
    by_level: dict[Level, list[WordHit]] = {}
    for hit in hits:
        by_level.setdefault(hit.level, []).append(hit)
    manuscript.word_counts = {level: len(some) for level, some in by_level.items()}
    if blocked := by_level.get("block"):
        raise SensitiveWords(field=blocked[0].field, count=len(blocked), places=shown(blocked))
    if warned := by_level.get("warn"):
        manuscript.warn(
            "sensitive_words",
            f"有 {len(warned)} 处词语要留意：{shown(warned)}",
            f"{len(warned)} words to look at: {shown(warned)}",
            field=warned[0].field,
        )
    if replaced := by_level.get("replace"):
        manuscript.warn(
            "words_replaced",
            f"已替换 {len(replaced)} 处词语：{shown(replaced)}",
            f"{len(replaced)} words were replaced: {shown(replaced)}",
            field=replaced[0].field,
        )
