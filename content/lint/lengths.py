"""Title, author, digest, link and body against WeChat's limits, in the counting that is in force.

`text` counts characters (code points), `strict` what the strictest of the disputed readings would:
bytes of the fields, characters of the HTML.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from content import refusals
from content.lint.page import Page
from content.lint.rule import Finding, Rule, refusal_rule
from content.manuscript import Manuscript
from core.errors import Text
from wechat import limits

_SOURCE = "developers.weixin.qq.com draft/add; figures in dispute: wechat/limits.py"
_NEAR = 0.9  # of a limit; ours
_UPLOADED_URL_BYTES = 160  # what stands in the place of a data: URI in the end
_CHARACTERS = ("字符", "characters")
_BYTES = ("字节", "bytes")

TITLE_MISSING = refusal_rule(refusals.TitleMissing, _SOURCE)
TITLE = refusal_rule(refusals.TitleTooLong, _SOURCE)
AUTHOR = refusal_rule(refusals.AuthorTooLong, _SOURCE)
DIGEST = refusal_rule(refusals.DigestTooLong, _SOURCE, mended=True)
CONTENT = refusal_rule(refusals.ContentTooLong, _SOURCE)
EMPTY = refusal_rule(refusals.ContentEmpty, "WeChat answers 44004")
SOURCE_URL = refusal_rule(refusals.SourceUrlInvalid, "WeChat answers 41039, 45005", mended=True)
NEAR_LIMIT = Rule(
    "near_limit",
    "info",
    Text("{field} 已用 {count}/{limit} {unit}", "{field} uses {count} of {limit} {unit_en}"),
    Text(
        "再长就会被拒绝；微信对字数的算法有争议，最好留点余量",
        "a little more is refused; how WeChat counts is disputed, so leave some room",
    ),
    _SOURCE,
)
NEWSPIC_LONG = Rule(
    "newspic_text_long",
    "warning",
    Text(
        "小绿书正文有 {count} 字节；微信文档提到 2 KB 的上限，可能被拒（45166）",
        "the text has {count} bytes; WeChat's page names 2 KB and may refuse it (45166)",
    ),
    Text("缩短到 600 字左右", "shorten it to some 600 Chinese characters"),
    "developers.weixin.qq.com draft/add, the “2 kb” remark, unconfirmed",
)
HEAVY_HTML = Rule(
    "html_over_strict",
    "info",
    Text(
        "内联样式后的 HTML 有 {count} 字符，{part}占 {share}%；若微信连标签也计数，就超过 {limit}",
        "with its styles the HTML has {count} characters, {share}% of them {part_en}; should WeChat"
        " count the markup too, that is over {limit}",
    ),
    Text(
        "被微信以 45002 拒绝时：减少最占地方的部分、换简洁的主题，或拆成几篇",
        "if WeChat answers 45002: cut down the largest part, use a plainer theme, or split it",
    ),
    "md2wechat FAQ (the limit counts tags), disputed",
)

LIMITS = (TITLE, AUTHOR, DIGEST, SOURCE_URL, EMPTY, CONTENT, NEWSPIC_LONG)


class _Limit(NamedTuple):
    rule: Rule
    field: str
    used: int
    limit: int
    unit: tuple[str, str]

    @property
    def values(self) -> dict[str, Any]:
        unit, unit_en = self.unit
        return {"count": self.used, "limit": self.limit, "unit": unit, "unit_en": unit_en}


def over_limits(manuscript: Manuscript) -> Iterator[Finding]:
    """What WeChat would refuse the finished article for; the gateway refuses it first."""
    yield from (
        limit.rule.at(field=limit.field, **limit.values)
        for limit in _limits(manuscript)
        if limit.used > limit.limit
    )
    url = manuscript.string("content_source_url")
    if url and not is_source_url(url):
        yield SOURCE_URL.at(field="content_source_url")
    is_news = manuscript.article_type == "news"  # of pictures alone it may be
    if not manuscript.stats["characters"] and not (is_news and manuscript.images):
        yield EMPTY.at(field="content")


def check_limits(page: Page) -> Iterator[Finding]:
    """The same, and where in the source the field stands."""
    for finding in over_limits(page.manuscript):
        place = page.field_position(finding.field or "")
        yield finding.rule.at(place, field=finding.field, **finding.values)


def check_title(page: Page) -> Iterator[Finding]:
    """WeChat wants a title."""
    if not page.manuscript.string("title"):
        yield TITLE_MISSING.at(field="title")


def check_near_limits(page: Page) -> Iterator[Finding]:
    """What has almost no room left."""
    for limit in _limits(page.manuscript):
        if limit.limit * _NEAR < limit.used <= limit.limit:
            place = page.field_position(limit.field)
            yield NEAR_LIMIT.at(place, **limit.values, field=limit.field)


def check_html_size(page: Page) -> Iterator[Finding]:
    """HTML that only the kinder reading lets pass."""
    manuscript = page.manuscript
    html = manuscript.html
    count = len(html) - _saved(manuscript)
    if (
        manuscript.length_rule == "strict"
        or manuscript.article_type == "newspic"
        or count <= limits.CONTENT_CHARS
    ):
        return
    (part, part_en), size = max(_parts(html), key=lambda part: part[1])
    share = min(100, round(100 * size / len(html)))
    yield HEAVY_HTML.at(
        field="content",
        count=count,
        limit=limits.CONTENT_CHARS,
        share=share,
        part=part,
        part_en=part_en,
    )


def is_source_url(url: str) -> bool:
    """Whether 阅读原文 may lead to `url`."""
    fits = len(url.encode()) <= limits.SOURCE_URL_BYTES
    return fits and url.startswith(("http://", "https://"))


def _limits(manuscript: Manuscript) -> Iterator[_Limit]:
    strict = manuscript.length_rule == "strict"
    for rule, name, max_chars, max_bytes in (
        (TITLE, "title", limits.TITLE_CHARS, limits.STRICT_TITLE_BYTES),
        (AUTHOR, "author", limits.AUTHOR_CHARS, limits.STRICT_AUTHOR_BYTES),
        (DIGEST, "digest", limits.DIGEST_CHARS, limits.STRICT_DIGEST_BYTES),
    ):
        value = manuscript.string(name)
        if strict:
            yield _Limit(rule, name, len(value.encode()), max_bytes, _BYTES)
        else:
            yield _Limit(rule, name, len(value), max_chars, _CHARACTERS)
    if manuscript.article_type == "newspic":
        yield from _newspic_limits(manuscript, strict=strict)
        return
    saved = _saved(manuscript)
    characters = len(manuscript.html) - saved if strict else manuscript.stats["characters"]
    yield _Limit(CONTENT, "content", characters, limits.CONTENT_CHARS, _CHARACTERS)
    size = manuscript.stats["bytes"] - saved
    yield _Limit(CONTENT, "content", size, limits.CONTENT_BYTES - 1, _BYTES)


def _newspic_limits(manuscript: Manuscript, *, strict: bool) -> Iterator[_Limit]:
    text = manuscript.html
    yield _Limit(CONTENT, "content", len(text), limits.CONTENT_CHARS, _CHARACTERS)
    rule = CONTENT if strict else NEWSPIC_LONG
    size = len(text.encode())
    yield _Limit(rule, "content", size, limits.STRICT_NEWSPIC_BYTES, _BYTES)


def _saved(manuscript: Manuscript) -> int:
    """What data: URIs take that will be short URLs in the end."""
    embedded = [
        len(image["src"]) for image in manuscript.images if image["src"].startswith("data:")
    ]
    return sum(embedded) - _UPLOADED_URL_BYTES * len(embedded)


_PARTS: tuple[tuple[tuple[str, str], re.Pattern[str]], ...] = (
    (("样式", "styles"), re.compile(r' style="[^"]*+"')),
    (("代码块", "code blocks"), re.compile(r"<pre\b[^<]*+(?:<(?!/pre)[^<]*+)*+")),
    (("表格", "tables"), re.compile(r"<table\b[^<]*+(?:<(?!/table)[^<]*+)*+")),
    (("矢量图", "drawings (SVG)"), re.compile(r"<svg\b[^<]*+(?:<(?!/svg)[^<]*+)*+")),
    (("文字", "text"), re.compile(r">[^<]++")),
)


def _parts(html: str) -> Iterator[tuple[tuple[str, str], int]]:
    for names, pattern in _PARTS:
        yield names, sum(len(found.group()) for found in pattern.finditer(html))
