import re

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_OPENING = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)\s*>")
_CLOSING = re.compile(r"</([A-Za-z][A-Za-z0-9-]*)\s*>")
# Beside those that begin a block; each may come without its end.
_ELEMENTS = frozenset(block_names) | {
    *("a", "abbr", "acronym", "applet", "area", "audio", "b", "bdi", "bdo", "big", "blink", "br"),
    *("button", "canvas", "cite", "code", "data", "datalist", "del", "dfn", "em", "embed", "font"),
    *("hgroup", "i", "image", "img", "input", "ins", "kbd", "label", "map", "mark", "marquee"),
    *("math", "meta", "meter", "nobr", "noembed", "noscript", "object", "output", "picture"),
    *("plaintext", "pre", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script"),
    *("select", "slot", "small", "source", "span", "strike", "strong", "style", "sub", "sup"),
    *("svg", "template", "textarea", "time", "tt", "u", "var", "video", "wbr", "xmp"),
}


def use_placeholders(md: MarkdownIt) -> None:
    """`List<String>` and `<your-name>` stay as text: no elements, without attributes and an end."""
    md.core.ruler.after("inline", "placeholders", _keep)


def _keep(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and "<" in token.content:
            _keep_among(token.children or [])


def _keep_among(children: list[Token]) -> None:
    tags = [child for child in children if child.type == "html_inline"]
    ended = {found[1].lower() for tag in tags if (found := _CLOSING.fullmatch(tag.content))}
    for tag in tags:
        found = _OPENING.fullmatch(tag.content)
        if found and found[1].lower() not in _ELEMENTS | ended:
            tag.type = "text"
