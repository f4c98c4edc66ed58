import re
from collections.abc import Iterator
from difflib import get_close_matches

from content.fields import ArticleFields
from content.lint.page import Page
from content.lint.rule import Edit, Finding, Rule, clip
from core.errors import Text

EMOJI_IN_TITLE = Rule(
    "emoji_in_title",
    "info",
    Text("标题里有表情符号 {emoji}", "the title holds the emoji {emoji}"),
    Text(
        "有人因此收到 45166；被拒绝时去掉它",
        "some were answered 45166 for one; take it out if WeChat refuses the article",
    ),
    "reports only: wechat-api.md 3.4, triggers of 45166",
)
FIELD_UNKNOWN = Rule(
    "field_unknown",
    "warning",
    Text(
        "front matter 里没有 {name} 这个字段，已忽略", "front matter has no field {name}: ignored"
    ),
    Text("是不是想写 {meant}？", "did you mean {meant}?"),
    "docs/zh/articles.md",
)
FIELD_ALIAS = Rule(
    "field_alias",
    "info",
    Text("{name} 不会用到文章里", "{name} is not used for the article"),
    Text("要用它作 {meant}，就写成 {meant}", "write {meant} to use it as such"),
    "names that Hexo, Hugo and Jekyll use",
)

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a-\u23ff]")
_ALIKE = 0.8
_KNOWN = frozenset(ArticleFields.model_fields) - {"markdown", "html"}
_ALIASES = {
    **dict.fromkeys(("description", "summary", "excerpt", "abstract"), "digest"),
    **dict.fromkeys(("cover_image", "thumbnail", "image", "banner", "featured_image"), "cover"),
    **dict.fromkeys(("source_url", "original_url", "canonical_url"), "content_source_url"),
    **dict.fromkeys(("authors", "writer"), "author"),
}


def check_emoji(page: Page) -> Iterator[Finding]:
    """Emoji in the title."""
    found = _EMOJI.search(page.manuscript.string("title"))
    if found is not None:
        yield EMOJI_IN_TITLE.at(page.field_position("title"), field="title", emoji=found.group())


def check_field_names(page: Page) -> Iterator[Finding]:
    """Front matter that looks like a field of ours, misspelt or under a blog's name."""
    for name, offset in page.head_fields.items():
        plain = name.lower().replace("-", "_")
        if name in _KNOWN:
            continue
        alias = _ALIASES.get(plain)
        if alias is not None and alias not in page.head_fields:
            yield FIELD_ALIAS.at(page.position(offset), name=clip(name), meant=alias)
        elif meant := get_close_matches(plain[:40], _KNOWN, 1, _ALIKE):
            edit = Edit(offset, offset + len(name), meant[0])
            same = plain == meant[0]
            yield FIELD_UNKNOWN.at(
                page.position(offset),
                edit=edit if same else None,
                name=clip(name),
                meant=meant[0],
            )
