"""Readings above characters: `[汉字]{hàn zì}` or `[汉字]^(hàn zì)`, as doocs/md has it.

A reading of as many parts as there are characters is set character by character. Parts stand apart
by spaces, or by doocs' `・`, `．`, `。` and `-`.
"""

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline.state_inline import StateInline
from markdown_it.token import Token

_RUBY = re.compile(r"\[([^\[\]\n]{1,64})\](?:\{([^{}<>\n]{1,128})\}|\^\(([^()<>\n]{1,128})\))")
_BETWEEN = re.compile(r"[\s・．。-]+")


def use_ruby(md: MarkdownIt) -> None:
    """`[汉字]{hàn zì}`; comes after attributes, which stand in braces too."""
    md.inline.ruler.after("span", "ruby", _tokenize)
    md.add_render_rule("ruby", _render)


def _tokenize(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if state.src[state.pos] != "[":
        return False
    found = _RUBY.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("ruby", "ruby", 0)
        token.content = found[1]
        token.meta = {"reading": (found[2] or found[3]).strip()}
    state.pos = found.end()
    return True


def _render(
    _self: RendererHTML, tokens: list[Token], index: int, _options: object, _env: object
) -> str:
    base, reading = tokens[index].content, tokens[index].meta["reading"]
    parts = _BETWEEN.split(reading)
    pairs = list(zip(base, parts, strict=True)) if len(parts) == len(base) else [(base, reading)]
    inner = "".join(
        f"{escape(text)}<rp>(</rp><rt>{escape(above)}</rt><rp>)</rp>" for text, above in pairs
    )
    return f"<ruby>{inner}</ruby>"
