"""Attributes in braces: `![](a.png){width=50%}`, `[text]{.class style="…"}`, `## Title {.class}`.

Taken are the class, for themes, and what gives a look. Ids and all else are read and left out,
since WeChat drops them. What a style may say, the sanitizer decides.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkLabel
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import StateInline
from markdown_it.token import Token

_LOOKS = ("style", "width", "height")
_ITEM = re.compile(
    r"""\s*(?:\.(?P<class>[\w-]+)|\#[\w:.-]+"""
    r"""|(?P<name>[A-Za-z][\w:-]*)=(?:"(?P<quoted>[^"{}\n]*)"|(?P<bare>[^\s"{}]+)))"""
)
_BRACES = re.compile(r"""\{(?:[^{}"\n]|"[^"{}\n]*"){1,500}+\}""")
_AFTER = frozenset({"image", "code_inline", "link_close", "span_close"})


def use_attributes(md: MarkdownIt) -> None:
    """Behind pictures, links, code and `[spans]`, and at the end of headings and paragraphs."""
    md.inline.ruler.after("link", "span", _span)
    md.inline.ruler.push("attributes", _inline)
    md.core.ruler.after("inline", "block_attributes", _blocks)


def read_attributes(text: str) -> dict[str, str] | None:
    """What `{…}` holds of class, style, width and height; None when it is something else."""
    inner = text[1:-1].rstrip()
    classes: list[str] = []
    attributes: dict[str, str] = {}
    at = 0
    while at < len(inner):
        item = _ITEM.match(inner, at)
        if item is None:
            return None
        at = item.end()
        value = item["bare"] if item["quoted"] is None else item["quoted"]
        if item["class"]:
            classes.append(item["class"])
        elif item["name"] == "class":
            classes.append(value)
        elif item["name"] in _LOOKS:
            attributes[item["name"]] = value
    if classes:
        attributes["class"] = " ".join(classes)
    return attributes if at else None


def split_attributes(text: str) -> tuple[str, dict[str, str]]:
    """`text` without the attributes at its end, which a space sets apart, and these."""
    start = text.rfind("{")
    if start < 0 or (start and not text[start - 1].isspace()):
        return text, {}
    attributes = read_attributes(text[start:]) if _BRACES.fullmatch(text, start) else None
    return (text, {}) if attributes is None else (text[:start].rstrip(), attributes)


def add_attributes(token: Token, attributes: dict[str, str]) -> None:
    """Give `token` what was read; a class beside those it has."""
    for name, value in attributes.items():
        if name == "class":
            token.attrJoin(name, value)
        else:
            token.attrSet(name, value)


def _inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if silent or state.src[state.pos] != "{" or state.pending or not state.tokens:
        return False
    if state.tokens[-1].type not in _AFTER:
        return False
    found = _BRACES.match(state.src, state.pos, state.posMax)
    attributes = read_attributes(found.group()) if found else None
    if found is None or attributes is None:
        return False
    add_attributes(_opening(state.tokens), attributes)
    state.pos = found.end()
    return True


def _opening(tokens: list[Token]) -> Token:
    """The token that opened what the last one ends."""
    depth = 0
    for token in reversed(tokens):
        depth += token.nesting
        if depth == 0:
            return token
    return tokens[-1]


def _span(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if state.src[state.pos] != "[":
        return False
    start, maximum = state.pos + 1, state.posMax
    end = parseLinkLabel(state, state.pos)
    found = _BRACES.match(state.src, end + 1, maximum) if end >= 0 else None
    attributes = read_attributes(found.group()) if found else None
    if found is None or attributes is None:
        return False
    if not silent:
        state.pos, state.posMax = start, end
        add_attributes(state.push("span_open", "span", 1), attributes)
        state.md.inline.tokenize(state)
        state.push("span_close", "span", -1)
    state.pos, state.posMax = found.end(), maximum
    return True


def _blocks(state: StateCore) -> None:
    """`## Title {.class}`, and the same at the end of a paragraph."""
    for index, token in enumerate(state.tokens):
        if token.type != "inline" or not token.content.endswith("}") or not token.children:
            continue
        opening, last = state.tokens[index - 1], token.children[-1]
        if opening.type not in ("heading_open", "paragraph_open") or last.type != "text":
            continue
        text, attributes = split_attributes(last.content)
        if text == last.content or not (attributes or opening.type == "heading_open"):
            continue
        if last.content.startswith("{") and len(token.children) > 1:
            if token.children[-2].type != "softbreak":
                continue  # **bold**{.class}
            del token.children[-2:]
        last.content = text
        add_attributes(opening, attributes)
