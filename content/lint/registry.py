from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from content.lint import (
    cover,
    css,
    fields,
    lengths,
    links,
    markup,
    pictures,
    slips,
    structure,
    words,
)
from content.lint.page import Page
from content.lint.rule import Finding, Rule, refused
from content.manuscript import Manuscript
from core.errors import GatewayError, Text

_MAX_PER_RULE = 20
_AS_TOLD = Text(
    "网关已按提示处理；想要别的结果就改原文",
    "the gateway does what the message says; change the source for another result",
)
_LIMITS = {rule.id for rule in lengths.LIMITS}
_ORDER = {"error": 0, "warning": 1, "info": 2}


class Check(NamedTuple):
    """A look at the article, and the rules that it may find broken."""

    look: Callable[[Page], Iterable[Finding]]
    rules: tuple[Rule, ...]


CHECKS: tuple[Check, ...] = (
    Check(lengths.check_title, (lengths.TITLE_MISSING,)),
    Check(lengths.check_limits, lengths.LIMITS),
    Check(lengths.check_near_limits, (lengths.NEAR_LIMIT,)),
    Check(lengths.check_html_size, (lengths.HEAVY_HTML,)),
    Check(fields.check_emoji, (fields.EMOJI_IN_TITLE,)),
    Check(fields.check_field_names, (fields.FIELD_UNKNOWN, fields.FIELD_ALIAS)),
    Check(
        cover.check_cover,
        (
            *(cover.COVER_MISSING, cover.COVER_MEDIA_ID, cover.COVER_AT_WECHAT),
            *(cover.COVER_IS_PAGE, cover.COVER_UNCLEAR),
        ),
    ),
    Check(
        pictures.check_pictures,
        (
            *(pictures.IMAGE_FORBIDDEN, pictures.FILE_MISSING, pictures.TYPE_REFUSED),
            *(pictures.TOO_MANY, pictures.NO_IMAGES, pictures.NO_SOURCE, pictures.IMAGE_OF_OTHERS),
            *(pictures.IMAGE_FOREIGN, pictures.IMAGE_CONVERTED, pictures.IMAGE_EMBEDDED),
            *(pictures.FILES_NEEDED, pictures.ALT_MISSING),
        ),
    ),
    Check(
        links.check_links,
        (
            *(links.LINK_RELATIVE, links.LINK_ANCHOR, links.LINK_SCHEME),
            *(links.MINI_PROGRAM, links.LINK_OUTSIDE),
        ),
    ),
    Check(markup.check_tags, (markup.TAG_BANNED, markup.SVG_PART, markup.TAG_UNWRAPPED)),
    Check(markup.check_attributes, (markup.EVENT_ATTRIBUTE, markup.CLASS_ATTRIBUTE)),
    Check(css.check_css, (css.CSS_DROPPED, css.CSS_VALUE, css.CSS_VARIABLE)),
    Check(css.check_at_rules, (css.CSS_AT_RULE,)),
    Check(words.check_words, (words.BLOCKED, words.WARNED, words.REPLACED)),
    Check(slips.check_fences, (slips.FENCE_OPEN,)),
    Check(
        slips.check_slips,
        (slips.PATH_WITH_SPACES, slips.WIDE_BRACKETS, slips.HEADING_WITHOUT_SPACE),
    ),
    Check(structure.check_headings, (structure.HEADING_SKIPS,)),
    Check(structure.check_lists, (structure.LIST_TOO_DEEP,)),
    Check(structure.check_tables, (structure.TABLE_WIDE,)),
    Check(structure.check_code, (structure.CODE_LONG,)),
)


# Notes are for those who ask; rendering does not wait for them.
_WARN = tuple(check for check in CHECKS if any(rule.level == "warning" for rule in check.rules))


def examine(page: Page, refusals: Iterable[GatewayError] = ()) -> list[Finding]:
    """All that is wrong, what stops the article first; of each rule at most 20.

    `refusals` are what the steps raised, `page.manuscript.warnings` what they warned of.
    """
    refusals = list(refusals)
    found = _look(page)
    if any(error.code not in _LIMITS for error in refusals):
        # The text may be missing only because a step before its rendering was refused.
        found = [finding for finding in found if finding.rule is not lengths.EMPTY]
        refusals = [error for error in refusals if error.code != lengths.EMPTY.id]
    known = {finding.rule.id for finding in found}
    found += [refused(error) for error in refusals if error.code not in known]
    for warning in page.manuscript.warnings:
        if warning["code"] not in known:
            rule = Rule(warning["code"], "warning", Text(*warning["message"]), _AS_TOLD, "", True)
            found.append(rule.at(field=warning["field"]))
    return _tidy(found)


def warn_of_findings(manuscript: Manuscript) -> None:
    """Tell the author what does not stop the article but will not be as it was meant."""
    for finding in _tidy(_look(Page(manuscript), _WARN)):
        if finding.rule.level == "warning":
            zh, en = finding.texts(finding.rule.message)
            if finding.position is not None:
                line = finding.position.line
                zh, en = f"第 {line} 行：{zh}", f"line {line}: {en}"
            manuscript.warn(finding.rule.id, zh, en, field=finding.field)


def _look(page: Page, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    return list(chain.from_iterable(check.look(page) for check in checks))


def _tidy(found: Iterable[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    counts: Counter[str] = Counter()
    for finding in sorted(found, key=_rank):
        counts[finding.rule.id] += 1
        if counts[finding.rule.id] <= _MAX_PER_RULE:
            kept.append(finding)
    return kept


def _rank(finding: Finding) -> tuple[int, int]:
    line = finding.position.line if finding.position else 0
    return _ORDER[finding.rule.level], line
