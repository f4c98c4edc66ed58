import re
from collections.abc import Iterator

from content.lint.elements import Element
from content.lint.page import Page
from content.lint.rule import Edit, Finding, Rule, clip
from content.steps.links import is_clickable
from core.errors import Text

_SOURCE = "doocs/md, wenyan: links other than mp.weixin.qq.com are not clickable"
_CAUSES_45166 = "reports only: wechat-api.md 3.4, triggers of 45166"

LINK_OUTSIDE = Rule(
    "link_not_clickable",
    "info",
    Text(
        "{count} 个外部链接在微信里不能点（第一个 {href}）",
        "{count} links, {href} first, cannot be followed in WeChat",
    ),
    Text(
        "不用改：网关把它们编号列在文末",
        "leave them: the gateway numbers them and lists them at the end",
    ),
    _SOURCE,
    mended=True,
)
LINK_ANCHOR = Rule(
    "link_anchor",
    "warning",
    Text("页内链接 {href} 会被微信去掉", "WeChat drops the link {href} within the page"),
    Text("改成文字说明，如“见第二节”", "say it in words: “see section two”"),
    "wechat-api.md 9: #anchor links are removed",
    mended=True,
)
LINK_RELATIVE = Rule(
    "link_relative",
    "warning",
    Text(
        "链接 {href} 不是完整网址，只会留下文字", "the link {href} is no full URL: its text stays"
    ),
    Text("写完整的 https:// 网址；相对链接会让微信答 45166", "write the whole https:// URL"),
    _CAUSES_45166,
    mended=True,
)
LINK_SCHEME = Rule(
    "link_scheme",
    "warning",
    Text("链接 {href} 打不开，只会留下文字", "the link {href} leads nowhere: its text stays"),
    Text("改成 https:// 网址，或去掉链接", "use an https:// URL, or take the link out"),
    "wechat-api.md 9",
    mended=True,
)
MINI_PROGRAM = Rule(
    "link_mini_program",
    "warning",
    Text("接口不能插入小程序、视频号卡片", "the API takes no mini-program or Channels cards"),
    Text("在公众号后台的草稿里手动插入", "insert them by hand into the draft, in WeChat's console"),
    "reports only: wechat-api.md 9 and 3.4 (45166)",
    mended=True,
)

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_LISTED = ("http://", "https://", "mailto:")
_CARDS = ("mp-miniprogram", "mp-common-miniprogram", "mp-weapp", "mp-common-videosnap")


def check_links(page: Page) -> Iterator[Finding]:
    """Every link by where it leads; those that become references are told once."""
    outside: list[Element] = []
    for link in page.elements:
        if link.tag.startswith(_CARDS) or "data-miniprogram-appid" in link.attributes:
            yield MINI_PROGRAM.at(link.position)
        elif link.tag == "a" and "href" in link.attributes:
            href = link.get("href")
            rule = _rule_of(href)
            if rule is LINK_OUTSIDE:
                outside.append(link)
            elif rule is not None:
                edit = _with_scheme(page, link) if rule is LINK_RELATIVE else None
                yield rule.at(link.position, edit=edit, href=clip(href))
    if outside:
        first = outside[0]
        yield LINK_OUTSIDE.at(first.position, count=len(outside), href=clip(first.get("href")))


def _rule_of(href: str) -> Rule | None:
    if is_clickable(href):
        return None
    if href.lower().startswith(_LISTED):
        return LINK_OUTSIDE
    if href.startswith("#") or not href:
        return LINK_ANCHOR
    return LINK_SCHEME if _SCHEME.match(href) else LINK_RELATIVE


def _with_scheme(page: Page, link: Element) -> Edit | None:
    """`www.…` is a whole URL but for its https://."""
    if not link.get("href").lower().startswith("www.") or link.position.column is None:
        return None
    at = page.offset(link.position)
    return Edit(at, at, "https://") if page.source[at : at + 4].lower() == "www." else None
