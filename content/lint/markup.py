from collections.abc import Iterator

from content.lint.elements import Element
from content.lint.page import Page
from content.lint.rule import Finding, Position, Rule
from content.steps.sanitize import DROPPED_WITH_CONTENT, TAGS
from content.steps.sections import AS_SECTIONS, WITH_CONTENT
from core.errors import Text

_SOURCE = "wechat-api.md 9: removed by WeChat [doc: script; tools, reports: the others]"

TAG_BANNED = Rule(
    "tag_banned",
    "warning",
    Text(
        "<{tag}>（{count} 处）微信不收，会连同内容去掉",
        "WeChat takes no <{tag}> ({count} of them): it goes with all that is in it",
    ),
    Text(
        "删掉它；视频、音频在公众号后台插入，表单改用链接或二维码",
        "take it out; insert video and audio in WeChat's console, link to forms",
    ),
    _SOURCE,
    mended=True,
)
TAG_UNWRAPPED = Rule(
    "tag_unwrapped",
    "info",
    Text(
        "<{tag}>（{count} 处）微信不认，只留下里面的文字",
        "WeChat does not know <{tag}> ({count} of them): only what is in it stays",
    ),
    Text("改用 section、p、span 加行内样式", "use section, p or span with a style"),
    _SOURCE,
    mended=True,
)
SVG_PART = Rule(
    "svg_part",
    "warning",
    Text("SVG 里的 <{tag}>（{count} 处）会被微信去掉", "WeChat drops <{tag}> ({count}) from SVG"),
    Text("把它展开成 path 和颜色，或导出为 PNG", "expand it into paths and colours, or use a PNG"),
    "doocs/md wechat-svg.ts: defs, use, marker, gradients, clip-path do not survive",
    mended=True,
)
EVENT_ATTRIBUTE = Rule(
    "attribute_event",
    "warning",
    Text("事件属性 {name}（{count} 处）会被去掉", "the handler {name} ({count}) is dropped"),
    Text("微信文章里不能运行脚本，删掉它", "no script runs in an article: take it out"),
    _SOURCE,
    mended=True,
)
CLASS_ATTRIBUTE = Rule(
    "attribute_class",
    "info",
    Text("class、id（{count} 处）会被去掉", "class and id ({count} of them) are dropped"),
    Text(
        "不用改：<style> 里的规则会先写进 style 属性",
        "leave them: the rules in <style> are written into style attributes first",
    ),
    "wechat-api.md 9: class, id, most data-* [tools]",
    mended=True,
)
_SECTIONS = frozenset(AS_SECTIONS.split(", "))
_STRUCTURE = frozenset({"html", "head", "body", "meta", "style", "title", "desc", "metadata"})
_GONE = (
    DROPPED_WITH_CONTENT
    | frozenset(WITH_CONTENT.split(", "))
    | {"embed", "applet", "canvas", "link", "base", "frame", "input"}
) - _STRUCTURE
_SVG_PARTS = frozenset(
    {
        *("defs", "use", "marker", "symbol", "lineargradient", "radialgradient"),
        *("clippath", "mask", "filter", "pattern"),
    }
)
_IN_SVG = _SVG_PARTS | {
    *("g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
    *("stop", "animate", "animatetransform", "set", "foreignobject"),
}


def check_tags(page: Page) -> Iterator[Finding]:
    """Tags that do not survive, each told once."""
    counted: dict[tuple[Rule, str], list[Element]] = {}
    for element in page.elements:
        rule = _rule_of(element.tag)
        if rule is not None:
            counted.setdefault((rule, element.tag), []).append(element)
    for (rule, tag), elements in counted.items():
        yield rule.at(elements[0].position, tag=tag, count=len(elements))


def check_attributes(page: Page) -> Iterator[Finding]:
    """Attributes that do not survive, each told once."""
    counted: dict[tuple[Rule, str], list[Position]] = {}
    for element in page.elements:
        for name in element.attributes:
            if name.startswith("on") and len(name) > 2:
                counted.setdefault((EVENT_ATTRIBUTE, name[:20]), []).append(element.position)
            elif name in ("class", "id"):
                counted.setdefault((CLASS_ATTRIBUTE, ""), []).append(element.position)
    for (rule, name), places in counted.items():
        yield rule.at(places[0], name=name, count=len(places))


def _rule_of(tag: str) -> Rule | None:
    if tag in _SVG_PARTS:
        return SVG_PART
    if tag in _GONE:
        return TAG_BANNED
    known = tag in TAGS or tag in _SECTIONS or tag in _STRUCTURE or tag in _IN_SVG
    # A custom element's name holds a dash; those that mean something are links' business.
    return None if known or "-" in tag or ":" in tag else TAG_UNWRAPPED
