from functools import lru_cache

from pygments.lexer import Lexer
from pygments.lexers import LEXERS, get_lexer_by_name
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

from content.markdown.budget import Budget, TimeUp

Tokens = list[tuple[_TokenType, str]]

# Only names that Pygments itself registers are looked up: a language comes from the caller's text
# and must not reach the search for plugins, nor any guessing.
_ALIASES = frozenset(alias for entry in LEXERS.values() for alias in entry[2])
# What authors write and Pygments calls otherwise.
_OTHER_NAMES = {
    "cmd": "bat",
    "conf": "ini",
    "env": "bash",
    "gradle": "groovy",
    "jsonc": "json",
    "kt": "kotlin",
    "mjs": "js",
    "svelte": "html",
    "vb": "vbnet",
    "wasm": "wast",
    "wxml": "html",
    "wxs": "js",
    "wxss": "css",
}
_MAX_CHARS = 40_000  # twice of what WeChat takes for a whole article
# Of some 550 lexers every tenth takes seconds for 8 KB of some character, by regular expressions
# that go back (scripts/slow_lexers.py measures them). A list of them would be out of date with the
# next release, so each block has its time.
_BLOCK_S = 0.15


def tokens_of(code: str, language: str, budget: Budget) -> Tokens | None:
    """The tokens of `code` and a line end; None if it took too long, or the lexer lost some text.

    An unknown language has one token.
    """
    code += "\n"  # lexers may add it, if it is not there
    lexer = _lexer(_OTHER_NAMES.get(language.lower(), language.lower()))
    if lexer is None:
        return [(Token, code)]
    if len(code) > _MAX_CHARS:
        return None
    try:
        with budget.at_most(_BLOCK_S):
            tokens = list(lexer.get_tokens(code))
    except (Exception, TimeUp):  # noqa: BLE001 - 550 lexers, and any text
        return None
    return tokens if "".join(text for _, text in tokens) == code else None


@lru_cache(maxsize=64)
def _lexer(alias: str) -> Lexer | None:
    try:
        return get_lexer_by_name(alias, stripnl=False) if alias in _ALIASES else None
    except ClassNotFound:
        return None
