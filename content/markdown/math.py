r"""Formulas: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and fences of the language `math`.

`$5 和 $10` is text: a formula has no space inside its marks and no digit behind them, as in Pandoc.
Nor is it what stands between the variables of a shell, `$HOME/bin:$PATH`.
"""

import base64
import re
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from content.manuscript import Manuscript
from content.markdown.budget import TimeUp
from content.markdown.cjk import is_cjk
from content.markdown.code import render_code, use_fence
from content.markdown.fence import Fence
from content.markdown.formulas import (
    MAX_TEX_CHARS,
    Formula,
    MathMissing,
    draw_formula,
    load_library,
)

_CLOSING = {"$$": "$$", "$": "$", r"\(": r"\)"}
_NAME = re.compile("[A-Za-z_]")
_COMMENT = re.compile(r"(?<!\\)%.*")
_FORMULA_S = 0.2
_TOO_MUCH = ("公式太多或太复杂", "formulas are too many or too complex")
_SHOWN_CHARS = 60
_PNG_SCALE = 1.5  # and twice when it is drawn: sharp on a phone
_IN_LINE = "display:inline;margin:0;"  # themes show pictures on lines of their own
_DISPLAYED = "margin:1em 0;overflow-x:auto;text-align:center"

Env = MutableMapping[str, Any]


def use_math(md: MarkdownIt) -> None:
    """Read formulas and draw them as `options.math` says."""
    md.inline.ruler.before("escape", "math_inline", _read_inline)
    md.block.ruler.before(
        "fence",
        "math_block",
        _read_block,
        {"alt": ["paragraph", "reference", "blockquote", "list"]},
    )
    use_fence(md, "math", render_formula)
    md.add_render_rule("math_inline", _render_inline)
    md.add_render_rule("math_block", _render_block)


def _read_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    source, start = state.src, state.pos
    opening = next((mark for mark in _CLOSING if source.startswith(mark, start)), None)
    if opening is None:
        return False
    begin = start + len(opening)
    end = _find(source, _CLOSING[opening], begin, min(state.posMax, begin + MAX_TEX_CHARS))
    tex = source[begin:end] if end > 0 else ""
    if not tex.strip() or (opening == "$" and not _is_formula(tex, source, end)):
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = tex, opening
    state.pos = end + len(opening)
    return True


def _find(source: str, mark: str, begin: int, limit: int) -> int:
    """Where `mark` stands next, not behind a backslash; -1 if nowhere."""
    at = source.find(mark, begin, limit)
    while at >= 0 and mark[0] == "$" and _is_escaped(source, at):
        at = source.find(mark, at + 1, limit)
    return at


def _is_escaped(source: str, at: int) -> bool:
    before = source[max(0, at - 20) : at]
    return bool((len(before) - len(before.rstrip("\\"))) % 2)


def _is_formula(tex: str, source: str, end: int) -> bool:
    after = source[end + 1 : end + 2]
    if tex[0].isspace() or tex[-1].isspace() or after.isdigit():
        return False
    is_chinese = any(map(is_cjk, tex))
    if tex[0].isdigit() and is_chinese:  # $5到20$
        return False
    # 变量$foo和$bar, $HOME/bin:$PATH; but the $n$th
    is_name = _NAME.match(tex) and (is_chinese or _NAME.match(tex, 1))
    return not (is_name and _NAME.match(after))


def _read_block(state: StateBlock, line: int, last: int, silent: bool) -> bool:  # noqa: FBT001
    if state.is_code_block(line):
        return False
    first = _line(state, line)
    opening = first[:2]
    closing = {"$$": "$$", r"\[": r"\]"}.get(opening)
    if closing is None:
        return False
    end = _end_of_block(state, first, closing, line, last)
    if end is None:
        return False
    if silent:
        return True
    text = state.getLines(line, end + 1, state.blkIndent, False).strip()
    token = state.push("math_block", "math", 0)
    token.block = True
    token.content, token.markup = text[2:-2].strip(), opening
    token.map = [line, end + 1]
    state.line = end + 1
    return True


def _end_of_block(state: StateBlock, first: str, closing: str, line: int, last: int) -> int | None:
    r"""The line that ends the block; None if it is none.

    `\[1\]` on one line are brackets that an editor escaped: a formula has spaces inside.
    """
    if len(first) > 4 and first.endswith(closing):
        spaced = first[2].isspace() and first[-3].isspace()
        return line if (closing == "$$" and "$$" not in first[2:-2]) or spaced else None
    if closing in first[2:] or (closing == r"\]" and first != r"\["):
        return None
    for number in range(line + 1, last):
        text = _line(state, number)
        if state.sCount[number] < state.blkIndent or first[:2] in text[:-2] or not text:
            return None
        if text.endswith(closing):
            return number
    return None


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].rstrip()


def _render_inline(
    _self: object, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Env
) -> str:
    token = tokens[index]
    typed = f"{token.markup}{token.content}{_CLOSING[token.markup]}"
    display = token.markup == "$$"
    return _drawn(token.content, env, display=display) or _as_typed(typed, env)


def _render_block(
    _self: object, tokens: Sequence[Token], index: int, _options: OptionsDict, env: Env
) -> str:
    return render_formula(tokens[index].content, env, tokens[index].markup)


def render_formula(tex: str, env: Env, markup: str = "$$") -> str:
    """A formula on its own lines; as it was typed where it cannot be drawn."""
    drawn = _drawn(tex, env, display=True)
    if drawn is not None:
        return f'<section class="math" style="{_DISPLAYED}">{drawn}</section>\n'
    if env["manuscript"].options.math == "off":
        closing = {"$$": "$$", r"\[": r"\]"}[markup]
        return f"<p>{escape(markup + tex + closing)}</p>\n"
    return render_code(tex, Fence("latex"), env)


def _as_typed(typed: str, env: Env) -> str:
    text = escape(typed)
    return text if env["manuscript"].options.math == "off" else f"<code>{text}</code>"


def _drawn(tex: str, env: Env, *, display: bool) -> str | None:
    """The formula as an element; None, with a warning, where it cannot be drawn."""
    manuscript: Manuscript = env["manuscript"]
    if manuscript.options.math == "off":
        return None
    tex = " ".join(_COMMENT.sub("", tex).split())
    try:
        load_library()  # in no formula's time
        with env["budget"].at_most(_FORMULA_S):
            formula = draw_formula(tex, display=display)
    except MathMissing:
        manuscript.warn(
            "math_extra_missing",
            "没有安装公式组件，公式按源码显示；安装后重启网关：pip install 'wxgate[math]'",
            "formulas are shown as typed; to draw them, and restart: pip install 'wxgate[math]'",
        )
        return None
    except TimeUp:
        _warn(manuscript, tex, _TOO_MUCH)
        return None
    except Exception:  # noqa: BLE001 - a parser of TeX, and any text
        _warn(manuscript, tex, ("公式无法识别", "a formula cannot be read"))
        return None
    drawn = _svg(tex, formula) if manuscript.options.math == "svg" else _picture(tex, formula)
    if env["budget"].take_room(drawn):
        return drawn
    _warn(manuscript, tex, _TOO_MUCH)
    return None


def _warn(manuscript: Manuscript, tex: str, reason: tuple[str, str]) -> None:
    """Name the first formula that is shown as typed."""
    shown = tex if len(tex) <= _SHOWN_CHARS else tex[:_SHOWN_CHARS] + "…"
    zh, en = reason
    manuscript.warn(
        "formula_not_drawn", f"{zh}，按源码显示：{shown}", f"{en}, shown as typed: {shown}"
    )


def _svg(tex: str, formula: Formula) -> str:
    """The element, with the source for steps that read text; steps/drawings.py takes that out."""
    return formula.svg.replace(">", f"><title>{escape(tex)}</title>", 1)


def _picture(tex: str, formula: Formula) -> str:
    """An `<img>` that the picture steps take on from here."""
    data = base64.b64encode(formula.drawing(_PNG_SCALE).encode()).decode()
    src = f"data:image/svg+xml;base64,{data}"
    return f'<img src="{src}" alt="{escape(tex)}" style="{_IN_LINE}{formula.style}">'
