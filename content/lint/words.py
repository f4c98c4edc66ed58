from collections.abc import Iterator

from content.lint.page import Page
from content.lint.rule import Finding, Position, Rule, clip
from content.refusals import SensitiveWords
from core.errors import Text

_SOURCE = "the word lists in force; WeChat answers 45168"

BLOCKED = Rule(
    SensitiveWords.code,
    "error",
    Text("敏感词 {word}（{list}）", "the sensitive word {word} ({list})"),
    SensitiveWords.hint,
    _SOURCE,
)
WARNED = Rule(
    BLOCKED.id,
    "warning",
    Text("要留意的词 {word}（{list}）", "the word {word} is to be looked at ({list})"),
    Text("确认它在这里没有问题，或换个说法", "see that it is all right here, or put it otherwise"),
    _SOURCE,
)
REPLACED = Rule(
    "words_replaced",
    "warning",
    Text("{word} 会被替换（{list}）", "{word} will be replaced ({list})"),
    Text("不想被替换就换个说法", "put it otherwise, if that is not wanted"),
    _SOURCE,
    mended=True,
)

_RULES = {"block": BLOCKED, "warn": WARNED, "replace": REPLACED}


def check_words(page: Page) -> Iterator[Finding]:
    """Every word of the lists, where it stands."""
    for hit in page.manuscript.words:
        rule = _RULES.get(hit.level)
        place = None if hit.line is None else Position(hit.line, hit.column)
        if rule is not None:
            yield rule.at(place, field=hit.field, word=clip(hit.word), list=clip(hit.list))
