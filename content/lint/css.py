import re
from collections.abc import Iterator

from content.lint.page import Page
from content.lint.rule import Finding, Position, Rule
from content.theming.properties import KEPT, LOST_VALUE
from core.errors import Text

_SOURCE = "wechat-api.md 9: position, animation; transform, flex, grid, gradients unreliable"

CSS_DROPPED = Rule(
    "css_dropped",
    "warning",
    Text(
        "样式 {name}（{count} 处）留不住，会去掉",
        "the style {name} ({count} of them) does not last and is dropped",
    ),
    Text(
        "改用 margin、padding、边框、背景色、文字对齐等简单样式",
        "use plain styles: margin, padding, borders, background colours, text-align",
    ),
    _SOURCE,
    mended=True,
)
CSS_VALUE = Rule(
    "css_value_dropped",
    "warning",
    Text(
        "样式 {name}: {value}（{count} 处）留不住，会去掉",
        "the style {name}: {value} ({count} of them) does not last and is dropped",
    ),
    Text("横排用表格或 inline-block，渐变用纯色", "use a table or inline-block, and plain colours"),
    _SOURCE,
    mended=True,
)
CSS_VARIABLE = Rule(
    "css_variable",
    "warning",
    Text("样式 {name} 用了 var()，微信不认", "the style {name} uses var(), unknown to WeChat"),
    Text("直接写颜色和尺寸", "write the colour or size itself"),
    "wechat-api.md 9: CSS variables [tools]",
)
CSS_AT_RULE = Rule(
    "css_at_rule",
    "warning",
    Text(
        "<style> 里的 {name} 变不成行内样式，会去掉", "{name} in <style> cannot be inlined: dropped"
    ),
    Text(
        "只用普通规则；深色模式由微信自动换色", "use plain rules; WeChat itself turns colours dark"
    ),
    "wechat-api.md 9: media queries, :hover, pseudo-elements, @import, web fonts [tools]",
    mended=True,
)

_BLOCK = re.compile(r"\{([^{}]*+)\}")
_DECLARATION = re.compile(r"([a-zA-Z-]++)\s*+:\s*+([^;{}]*+)")
_AT_RULE = re.compile(
    r"@(?:media|font-face|import|keyframes|supports)\b|::?(?:hover|before|after)\b"
)
_STYLE_END = re.compile(r"</style", re.IGNORECASE)


def check_css(page: Page) -> Iterator[Finding]:
    """Declarations that die at WeChat, each kind told once."""
    counted: dict[tuple[Rule, str, str], list[Position]] = {}
    for css, place in _styles(page):
        for name, value in _DECLARATION.findall(css):
            found = _judge(name.lower(), value.strip())
            if found is not None:
                counted.setdefault(found, []).append(place)
    for (rule, name, value), places in counted.items():
        yield rule.at(places[0], name=name, value=value, count=len(places))


def check_at_rules(page: Page) -> Iterator[Finding]:
    """What in a stylesheet no style attribute can say."""
    seen: set[str] = set()
    for sheet, offset in _sheets(page):
        for found in _AT_RULE.finditer(sheet):
            name = found.group()
            if name not in seen:
                seen.add(name)
                yield CSS_AT_RULE.at(page.position(offset + found.start()), name=name)


def _styles(page: Page) -> Iterator[tuple[str, Position]]:
    for element in page.elements:
        if style := element.get("style"):
            yield style, element.position
    for sheet, offset in _sheets(page):
        for block in _BLOCK.finditer(sheet):
            yield block[1], page.position(offset + block.start())


def _sheets(page: Page) -> Iterator[tuple[str, int]]:
    """The text of each `<style>`, and where it begins."""
    if page.manuscript.is_markdown:
        return
    end = 0
    for element in page.elements:
        begin = page.offset(element.position)
        if element.tag != "style" or begin < end:
            continue
        start = page.source.find(">", begin) + 1
        found = _STYLE_END.search(page.source, start)
        end = found.start() if found else len(page.source)
        yield page.source[start:end], start


def _judge(name: str, value: str) -> tuple[Rule, str, str] | None:
    if name.startswith("--") or name.removeprefix("-webkit-") not in KEPT:
        return CSS_DROPPED, name[:30], ""
    found = LOST_VALUE.search(value)
    if found is None or found.group().startswith("url"):  # pictures are told of elsewhere
        return None
    if found.group().startswith("var"):
        return CSS_VARIABLE, name, ""
    return CSS_VALUE, name, found.group().strip(" (")
