"""What an article may consist of, written down a second time and read by a second parser.

Source: reference wechat-api.md §9, what WeChat removes; the sanitizer has its own tables.
"""

import re

import html5lib
from html5lib.constants import namespaces

_HTML = {
    *("section", "p", "span", "br", "hr", "blockquote", "pre", "code", "img", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("strong", "b", "em", "i", "u", "s", "del", "ins", "mark", "small", "sub", "sup"),
    *("figure", "figcaption", "cite", "q", "abbr", "kbd", "samp", "var", "ruby", "rt", "rp"),
}
_SVG = {
    *("svg", "g", "path", "rect", "line", "circle", "ellipse", "polyline", "polygon"),
    *("text", "tspan"),
}
_NOT_IN_SVG = re.compile(r"(?:xlink:)?href|id|class|style|on.*", re.IGNORECASE)
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_DEAD = re.compile(
    r"url\s*\(|var\s*\(|expression|@import|(?:^|;)\s*(?:position|animation|transform)\s*:",
    re.IGNORECASE,
)
# A background picture, in its one spelling; the article lists it, and it is brought or taken out.
_BACKGROUND = re.compile(r'(?<=background:|ound-image:)url\("[^"\\]*"\)')
_UNNAMED = "XXX-undefined-error"
_READING = re.compile(r"<(/?)r[tp]\b")
_SVG_SPACE = namespaces["svg"]


def faults_of(html: str) -> list[str]:
    """What in `html` WeChat would drop, or no parser should have to mend."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=True)
    tree = parser.parseFragment(html)
    errors = parser.errors
    if any(code == _UNNAMED for _, code, _ in errors):
        # A reading in another element of its ruby is one; all parsers make the same tree of it.
        parser.parseFragment(_READING.sub(r"<\1span", html))
        errors = parser.errors
    found = [f"parse error: {code} at {at}" for at, code, _ in errors]
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{"):
            space, _, tag = element.tag[1:].partition("}")
            found += _wrong(tag, dict(element.attrib), is_svg=space == _SVG_SPACE)
        elif element.tag != "DOCUMENT_FRAGMENT":
            found.append(f"not an element: {str(element.text)[:40]!r}")
    return found


def _wrong(tag: str, attributes: dict[str, str], *, is_svg: bool) -> list[str]:
    if tag not in (_SVG if is_svg else _HTML):
        return [f"<{tag}>"]
    wrong = []
    for name, value in attributes.items():
        if is_svg:
            allowed = (name == "style" and tag == "svg") or not _NOT_IN_SVG.fullmatch(str(name))
        else:
            allowed = name == "style" or name in _ATTRIBUTES.get(tag, ())
        if not allowed or (name == "style" and _DEAD.search(_BACKGROUND.sub("", value))):
            wrong.append(f"<{tag} {name}={value[:60]!r}>")
        if name == "href" and not re.match(r"https?://mp\.weixin\.qq\.com(?:[/?#]|$)", value):
            wrong.append(f"link to {value[:60]!r}")
    return wrong


def assert_allowed(html: str) -> None:
    """Fail with the first faults of `html`."""
    found = faults_of(html)
    assert found[:5] == []
