"""Code blocks in colour, in HTML that keeps its shape at WeChat.

WeChat collapses white space in code and drops classes, so each line break is a `<br>`, each space
an `&nbsp;`, each colour a style attribute (doocs/md and wenyan do the same, reference §9).
"""

from functools import lru_cache
from html import escape
from operator import itemgetter

from pygments.lexer import Lexer
from pygments.lexers import LEXERS, get_lexer_by_name
from pygments.style import Style
from pygments.styles import STYLE_MAP, get_style_by_name
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

from content.refusals import CodeThemeUnknown

# Only names that Pygments itself registers are looked up: a language comes from the caller's text
# and must not reach the search for plugins, nor any guessing.
_ALIASES = frozenset(alias for entry in LEXERS.values() for alias in entry[2])
_TAB_SPACES = 4
_NBSP = "\u00a0"


class Highlighter:
    """Renders code in one style of Pygments; raises CodeThemeUnknown."""

    def __init__(self, code_theme: str) -> None:
        if code_theme not in STYLE_MAP:
            known = ", ".join(sorted(STYLE_MAP))
            raise CodeThemeUnknown(field="code_theme", name=code_theme[:40], known=known)
        self._style: type[Style] = get_style_by_name(code_theme)
        self._css: dict[_TokenType, str] = {}

    def render(self, code: str, language: str) -> str:
        """`code` as a `<pre>`; in one colour when Pygments does not know `language`."""
        runs: list[tuple[str, str]] = []  # (css, text); neighbours of one look are joined
        for kind, text in filter(itemgetter(1), _tokens(code, language)):
            css = self._css_of(kind)
            if runs and (runs[-1][0] == css or text.isspace()):
                runs[-1] = (runs[-1][0], runs[-1][1] + text)
            else:
                runs.append((css, text))
        inner = "".join(
            f'<span style="{css}">{_shaped(text)}</span>' if css else _shaped(text)
            for css, text in runs
        )
        return f'<pre style="{self._base()}"><code>{inner}</code></pre>\n'

    def _base(self) -> str:
        style = self._style
        plain = style.style_for_token(Token)["color"]
        color = f";color:#{plain}" if plain else ""
        return f"background-color:{style.background_color}{color}"

    def _css_of(self, kind: _TokenType) -> str:
        if kind not in self._css:
            look = self._style.style_for_token(kind)
            parts = [f"color:#{look['color']}"] if look["color"] else []
            parts += ["font-weight:bold"] if look["bold"] else []
            parts += ["font-style:italic"] if look["italic"] else []
            self._css[kind] = ";".join(parts)
        return self._css[kind]


def _tokens(code: str, language: str) -> list[tuple[_TokenType, str]]:
    lexer = _lexer(language.lower()) if language.lower() in _ALIASES else None
    if lexer is None:
        return [(Token, code.rstrip("\n"))]
    tokens = list(lexer.get_tokens(code.rstrip("\n")))
    kind, text = tokens[-1]
    return [*tokens[:-1], (kind, text.removesuffix("\n"))]  # get_tokens always ends the line


@lru_cache(maxsize=64)
def _lexer(alias: str) -> Lexer | None:
    try:
        return get_lexer_by_name(alias, stripnl=False)
    except ClassNotFound:
        return None


def _shaped(text: str) -> str:
    spaced = text.expandtabs(_TAB_SPACES).replace(" ", _NBSP)
    return escape(spaced, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
