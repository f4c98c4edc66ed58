"""Footnotes: `[^1]` with `[^1]: text`, or `^[text]` in place.

They are told apart from the numbers of links, [1], by circled ones, as Chinese books do, and need
no anchors: WeChat removes them.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline.state_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from content.markdown.environment import Env, manuscript_of

_HEADING = "注释"
# A bound for the label: the plugin's own rule looks for its end time and again.
_REFERENCE = re.compile(r"\[\^([^\s\[\]]{1,100})\]")


def use_footnotes(md: MarkdownIt) -> None:
    """`[^1]` and `^[text]`; the texts stand at the end."""
    footnote_plugin(md)
    md.inline.ruler.at("footnote_ref", _reference)
    md.core.ruler.after("footnote_tail", "footnote_numbers", _number)
    md.core.ruler.before("footnote_tail", "footnote_unused", _warn_unused)
    md.add_render_rule("footnote_ref", _mark)
    md.add_render_rule("footnote_block_open", _open_block)
    md.add_render_rule("footnote_block_close", _close)
    md.add_render_rule("footnote_open", _open_note)
    md.add_render_rule("footnote_close", _close)
    md.add_render_rule("footnote_anchor", _nothing)


def circled(number: int) -> str:
    """① to ㊿, then (51)."""
    if number <= 20:
        return chr(0x2460 + number - 1)
    if number <= 35:
        return chr(0x3251 + number - 21)
    return chr(0x32B1 + number - 36) if number <= 50 else f"({number})"


def _reference(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    known = state.env.get("footnotes", {}).get("refs")
    if not known or state.src[state.pos] != "[":
        return False
    found = _REFERENCE.match(state.src, state.pos, state.posMax)
    if found is None or f":{found[1]}" not in known:
        return False
    if not silent:
        notes = state.env["footnotes"].setdefault("list", {})
        number = known[f":{found[1]}"]
        if number < 0:
            number = known[f":{found[1]}"] = len(notes)
            notes[number] = {"label": found[1]}
        state.push("footnote_ref", "", 0).meta = {"id": number}
    state.pos = found.end()
    return True


def _warn_unused(state: StateCore) -> None:
    manuscript = manuscript_of(state.env)
    refs = state.env.get("footnotes", {}).get("refs", {})
    unused = next((label[1:41] for label, number in refs.items() if number < 0), None)
    if manuscript is not None and unused is not None:
        manuscript.warn(
            "footnote_unused",
            f"脚注 [^{unused}] 没有在正文引用，未显示",
            f"the footnote [^{unused}] is not referred to and was left out",
        )


def _number(state: StateCore) -> None:
    """Begin each note with its number."""
    tokens: list[Token] = []
    number: Token | None = None  # of the note that was just opened
    for token in state.tokens:
        if number is not None and token.type not in ("paragraph_open", "inline"):
            tokens += _paragraph(number)
            number = None
        elif number is not None and token.type == "inline":
            token.children = [number, *(token.children or [])]
            number = None
        if token.type == "footnote_open":
            number = Token("text", "", 0, content=circled(token.meta["id"] + 1) + " ")
        tokens.append(token)
    state.tokens = tokens


def _paragraph(text: Token) -> list[Token]:
    inline = Token("inline", "", 0, content=text.content, children=[text])
    return [Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]


def _mark(_self: RendererHTML, tokens: list[Token], index: int, _options: object, _env: Env) -> str:
    return f'<sup class="reference footnote">{circled(tokens[index].meta["id"] + 1)}</sup>'


def _open_block(*_: object) -> str:
    return f'<section class="references footnotes"><p class="references-title">{_HEADING}</p>\n'


def _open_note(*_: object) -> str:
    return '<section class="footnote-item">\n'


def _close(*_: object) -> str:
    return "</section>\n"


def _nothing(*_: object) -> str:
    return ""
