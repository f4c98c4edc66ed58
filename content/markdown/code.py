"""Code blocks in colour, in HTML that keeps its shape at WeChat.

WeChat collapses white space in code and drops classes, so each line break is a `<br>`, each space
that would collapse an `&nbsp;`, each colour a style attribute (doocs/md and wenyan do the same,
reference §9). `<code>` loses some styles there: they stand on `<pre>`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from html import escape
from itertools import accumulate
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token as Block
from markdown_it.utils import OptionsDict
from pygments.style import Style
from pygments.token import Token, _TokenType

from content.manuscript import Manuscript
from content.markdown.fence import Fence
from content.markdown.lexing import Tokens, tokens_of
from content.options import RenderOptions
from content.refusals import CodeThemeUnknown
from content.theming.codes import code_style, code_theme_names

Env = MutableMapping[str, Any]

_Run = tuple[str, str]  # (css, text)

_TAB_SPACES = 4
_NBSP = "\u00a0"
_COLLAPSING = re.compile(r"^ +| {2,}", re.MULTILINE)
_DOUBLED = re.compile(r"#(.)\1(.)\2(.)\3")
# Characters in colour: an element without text would be dropped.
_DOTS = " ".join(
    f'<span style="color:{color}">●</span>' for color in ("#ff5f56", "#ffbd2e", "#27c93f")
)
_HEADER = "display:block;margin-bottom:8px;font-size:12px;line-height:1.5"
_SCROLLED = "overflow-x:auto;white-space:nowrap"
_WRAPPED = "white-space:normal;word-break:break-all"
_FAINT = "opacity:.5"  # whatever the colours
_MARKED = "background-color:rgba(128,128,128,.25)"


class Highlighter:
    """Renders code in one code theme; raises CodeThemeUnknown."""

    def __init__(self, code_theme: str) -> None:
        try:
            self._style: type[Style] = code_style(code_theme)
        except KeyError:
            known = ", ".join(code_theme_names())
            name = code_theme[:40]
            raise CodeThemeUnknown(field="code_theme", name=name, known=known) from None
        self._color = _color(self._style.style_for_token(Token)["color"])
        self._looks = dict(self._style)
        self._css: dict[_TokenType, str] = {}

    def render(self, tokens: Tokens, fence: Fence, options: RenderOptions) -> str:
        """The `<pre>` of a code block that was read as `tokens`."""
        runs = _keep_shape(self._runs(tokens))
        if options.code_line_numbers or fence.marked:
            inner = "<br>".join(_decorate(runs, fence, numbers=options.code_line_numbers))
        else:
            inner = _html(runs)
        base = f"background-color:{_short(self._style.background_color)}"
        if self._color:
            base += f";{self._color}"
        base += f";{_WRAPPED if options.code_wrap else _SCROLLED}"
        header = _header(fence, dots=options.code_header)
        return f'<pre style="{base}">{header}<code>{inner}</code></pre>\n'

    def _runs(self, tokens: Tokens) -> list[_Run]:
        """The text in pieces of one look each, as few as can be; white space has any look."""
        runs: list[_Run] = []
        for kind, text in tokens:
            css = self._css_of(kind)
            if runs and (runs[-1][0] == css or text.isspace()):
                runs[-1] = (runs[-1][0], runs[-1][1] + text)
            elif text:
                runs.append(("" if text.isspace() else css, text))
        css, last = runs[-1]
        return [*runs[:-1], (css, last.removesuffix("\n"))]

    def _css_of(self, kind: _TokenType) -> str:
        if kind not in self._css:
            # A lexer may make kinds of its own (YAML's does), which look as what they are part of.
            look = next(self._looks[one] for one in reversed(kind.split()) if one in self._looks)
            color = _color(look["color"])
            parts = [color] if color and color != self._color else []
            parts += ["font-weight:bold"] if look["bold"] else []
            parts += ["font-style:italic"] if look["italic"] else []
            self._css[kind] = ";".join(parts)
        return self._css[kind]


def use_code(md: MarkdownIt) -> None:
    """Render fenced and indented code by the `highlighter` of the environment."""
    md.add_render_rule("fence", _render_block)
    md.add_render_rule("code_block", _render_block)


def use_fence(md: MarkdownIt, language: str, render: Callable[[str, Env], str]) -> None:
    """Have fences of `language` rendered by `render` instead."""
    assert isinstance(md.renderer, RendererHTML)  # noqa: S101 - as constructed
    others = md.renderer.rules["fence"]

    def fence(
        _self: object, tokens: Sequence[Block], index: int, options: OptionsDict, env: Env
    ) -> str:
        block = tokens[index]
        if Fence.parse(block.info).language.lower() == language:
            return render(block.content, env)
        return str(others(tokens, index, options, env))

    md.add_render_rule("fence", fence)


def _render_block(
    _self: object, tokens: Sequence[Block], index: int, _options: OptionsDict, env: Env
) -> str:
    block = tokens[index]
    return render_code(block.content, Fence.parse(block.info), env)


def render_code(code: str, fence: Fence, env: Env) -> str:
    """A code block; in one colour, with a warning, where colours would take too long."""
    manuscript: Manuscript = env["manuscript"]
    code = code.removesuffix("\n")
    tokens = tokens_of(code, fence.language, env["budget"])
    if tokens is None:
        manuscript.warn(
            "code_not_highlighted",
            "有代码块太长或太复杂，未着色，文字不受影响",
            "a code block is too long or too complex for colours; its text is complete",
        )
    html: str = env["highlighter"].render(
        tokens or [(Token, code + "\n")], fence, manuscript.options
    )
    return html


def _keep_shape(runs: list[_Run]) -> list[_Run]:
    """`runs` with their tabs as spaces, and spaces that would collapse as no-break spaces."""
    texts = [text for _, text in runs]
    if any("\t" in text for text in texts):
        texts = list(_expand_tabs(texts))
    whole = _COLLAPSING.sub(lambda found: _NBSP * len(found[0]), "".join(texts))
    ends = accumulate(map(len, texts))
    return [
        (css, whole[end - len(text) : end])
        for (css, _), text, end in zip(runs, texts, ends, strict=True)
    ]


def _expand_tabs(texts: Iterable[str]) -> Iterator[str]:
    column = 0  # where the text begins, counted from the last tab stop
    for text in texts:
        expanded = ("-" * column + text).expandtabs(_TAB_SPACES)
        yield expanded[column:]
        column = (len(expanded) - expanded.rfind("\n") - 1) % _TAB_SPACES


def _decorate(runs: list[_Run], fence: Fence, *, numbers: bool) -> Iterator[str]:
    """The lines, with numbers and marks."""
    lines = list(_lines(runs))
    width = len(str(len(lines)))
    for number, line in enumerate(lines, 1):
        html = _html(line)
        if fence.marks(number):
            html = f'<span style="{_MARKED}">{html or _NBSP}</span>'
        if numbers:
            shown = str(number).rjust(width, _NBSP) + _NBSP * 2
            html = f'<span style="{_FAINT}">{shown}</span>{html}'
        yield html


def _lines(runs: list[_Run]) -> Iterator[list[_Run]]:
    line: list[_Run] = []
    for css, text in runs:
        first, *others = text.split("\n")
        line.append((css, first))
        for other in others:
            yield line
            line = [(css, other)]
    yield line


def _html(runs: list[_Run]) -> str:
    pieces = (
        f'<span style="{css}">{escape(text, quote=False)}</span>'
        if css
        else escape(text, quote=False)
        for css, text in runs
        if text
    )
    return "".join(pieces).replace("\n", "<br>")


def _header(fence: Fence, *, dots: bool) -> str:
    name = fence.title or (fence.language if dots else "")
    label = f'<span style="{_FAINT}">{escape(name)}</span>' if name else ""
    inner = " ".join(filter(None, (_DOTS if dots else "", label)))
    return f'<span style="{_HEADER}">{inner}</span>' if inner else ""


def _color(digits: str | None) -> str:
    return f"color:{_short('#' + digits)}" if digits else ""


def _short(color: str) -> str:
    """#ffffff → #fff."""
    return _DOUBLED.sub(r"#\1\2\3", color) if len(color) == 7 else color
