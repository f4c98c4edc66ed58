import html
import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from sandbox.styles import clean_style
from wechat.limits import IMAGE_HOSTS

_HOSTS = "|".join(re.escape(host) for host in sorted(IMAGE_HOSTS))
WECHAT_IMAGE = re.compile(rf"https?://(?:{_HOSTS})/")
_WECHAT_PAGE = re.compile(r"https?://mp\.weixin\.qq\.com/")

# Gone with all that is in them.
_DROPPED = frozenset(
    {
        "script", "style", "link", "meta", "base", "title", "head", "noscript", "template",
        "iframe", "frame", "object", "embed", "applet", "video", "audio", "source", "track",
        "canvas", "input", "button", "select", "textarea", "option", "defs", "use", "marker",
        "symbol", "linearGradient", "radialGradient", "clipPath", "mask", "filter", "pattern",
    }
)  # fmt: skip
_SVG = frozenset(
    {
        "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
        "tspan", "animate", "animateTransform", "set", "foreignObject",
    }
)  # fmt: skip
_KEPT = frozenset(
    {
        "section", "p", "span", "strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup",
        "small", "mark", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
        "blockquote", "pre", "code", "table", "caption", "colgroup", "col", "thead", "tbody",
        "tfoot", "tr", "th", "td", "a", "img", "figure", "figcaption", "ruby", "rt", "rp",
        "mp-common-product",
    }
) | _SVG  # fmt: skip
_VOID = frozenset({"br", "hr", "img", "col"})
_ATTRIBUTES = frozenset(
    {
        "style", "align", "valign", "colspan", "rowspan", "start", "type", "alt", "title",
        "data-ratio", "data-w", "data-type",
    }
)  # fmt: skip
# What makes an element a product card, and the attributes that it keeps.
_CARD = "data-windowproduct"
_CARD_ATTRIBUTES = frozenset(
    {_CARD, "data-cardtype", "data-title", "data-type", "tagname", "linktype", "class"}
)
_SVG_DEAD = re.compile(r"(?i)id|class|on.*|href|xlink:.*|data-.*")
_SPACE = re.compile(r"[ \t\r\n\f]+")
# What markup = "refuse_45166" objects to: reported triggers, none of them official.
_FORBIDDEN = "script, iframe, form, a[href]:not([href^='http'])"


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """WeChat's clean-up of an article's HTML. Source: wechat-api.md, section 9.

    Without `keep_divs` a div's content survives and the div with its style does not: tools
    disagree, and a gateway should not rely on it.
    """

    keep_divs: bool = False

    def clean(self, content: str) -> str:
        """The HTML that WeChat would store and give back."""
        out: list[str] = []
        node = LexborHTMLParser(content, is_fragment=True).root
        # A stack instead of recursion: markup may be nested deeper than Python's stack is.
        stack: list[LexborNode | str] = []
        while node is not None or stack:
            if node is None:
                top = stack.pop()
                if isinstance(top, str):
                    out.append(top)
                else:
                    node = top
                continue
            if node.next is not None:
                stack.append(node.next)
            node = self._write(node, out, stack)
        return "".join(out)

    def _write(
        self, node: LexborNode, out: list[str], stack: list[LexborNode | str]
    ) -> LexborNode | None:
        """Write a node's opening; returns its first child, whose end tag waits on the stack."""
        if node.is_text_node:
            out.append(html.escape(_SPACE.sub(" ", node.text_content or ""), quote=False))
            return None
        tag = node.tag or ""
        if not node.is_element_node or tag in _DROPPED:
            return None
        if tag not in _KEPT and not (tag == "div" and self.keep_divs):
            return node.first_child
        if tag == "img" and not WECHAT_IMAGE.match(_source(node)):
            return None
        if tag == "svg" and not any(map(_is_seen, out)):  # doocs/md#183
            return None
        out.append(f"<{tag}{''.join(_attributes(tag, node))}>")
        if tag in _VOID:
            return None
        stack.append(f"</{tag}>")
        return node.first_child


def has_forbidden_markup(content: str) -> bool:
    """Whether the HTML holds one of the reported triggers of 45166."""
    return _parse(content).css_first(_FORBIDDEN) is not None


def text_of(content: str) -> str:
    """The text of an article's HTML, whitespace folded."""
    return _SPACE.sub(" ", _parse(content).text()).strip()


def _parse(content: str) -> LexborNode:
    # Inside of an element of ours there is always a tree to look into, even for empty content.
    body = LexborHTMLParser(f"<section>{content}</section>").body
    if body is None:
        raise AssertionError("an HTML document always has a body")
    return body


def _source(node: LexborNode) -> str:
    attributes = node.attributes
    return attributes.get("src") or attributes.get("data-src") or ""


def product_keys(content: str) -> list[str]:
    """The keys of the product cards in the HTML."""
    cards = _parse(content).css(f"[{_CARD}], mp-common-product")
    return [card.attributes.get(_CARD) or "" for card in cards]


def plain_with_cards(content: str) -> str:
    """A newspic's content: text in lines, and product cards; any other markup is dropped."""
    out: list[str] = []
    node = LexborHTMLParser(content, is_fragment=True).root
    stack: list[LexborNode] = []
    while node is not None or stack:
        if node is None:
            node = stack.pop().next
            continue
        if node.is_text_node:
            out.append(html.escape(node.text_content or "", quote=False))
        elif _CARD in node.attributes:
            attributes = "".join(_attributes(node.tag or "", node))
            inner = html.escape(node.text(), quote=False)
            out.append(f"<{node.tag}{attributes}>{inner}</{node.tag}>")
        elif node.tag not in _DROPPED:
            stack.append(node)
            node = node.first_child
            continue
        node = node.next
    return "".join(out).strip()


def _is_seen(written: str) -> bool:
    return written.startswith("<img") or (not written.startswith("<") and bool(written.strip(" ")))


def _attributes(tag: str, node: LexborNode) -> list[str]:
    written = []
    is_card = _CARD in node.attributes
    for name, value in node.attributes.items():
        if is_card and name in _CARD_ATTRIBUTES:
            written.append(f' {name}="{html.escape(value or "")}"')
            continue
        kept = _kept_value(tag, name, value or "")
        if kept:
            written.append(f' {name}="{html.escape(kept)}"')
    return written


def _kept_value(tag: str, name: str, value: str) -> str:
    if name == "style" and (tag == "svg" or tag not in _SVG):
        return clean_style(value, WECHAT_IMAGE)
    if name in ("src", "data-src"):
        return value if tag == "img" and WECHAT_IMAGE.match(value) else ""
    if name == "href":
        return value if tag == "a" and _WECHAT_PAGE.match(value) else ""
    if tag in _SVG:
        return "" if name == "style" or _SVG_DEAD.fullmatch(name) or "url(" in value else value
    return value if name in _ATTRIBUTES else ""
