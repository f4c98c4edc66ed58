"""Sub- and superscripts: `H~2~O`, `x^2^`.

Chinese writers use the same signs otherwise: 10~20 元 ("about"), 谢谢~ ("dear"), ^_^. So both are
taken only where they stand directly behind what they belong to, and hold few plain characters.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline.state_inline import StateInline

from content.markdown.cjk import is_cjk

_LETTER = "A-Za-z\u0370-\u03ff"
_SIGN = "+\\-−=()."
_DOWN = re.compile(
    # CO~2~, and after a single letter x~i~
    rf"(?<=[{_LETTER})\]])~([0-9+\-−][0-9{_LETTER}{_SIGN}]{{0,15}})~(?!~)"
    rf"|(?<=(?<![0-9{_LETTER}])[{_LETTER}])~([0-9{_LETTER}{_SIGN}]{{1,16}})~(?!~)"
)
_UP = re.compile(rf"(?<=[\w)\]~])\^([0-9{_LETTER}{_SIGN}*′°]{{1,24}}|[\u4e00-\u9fff]{{1,8}})\^")
_EYES = re.compile(r"\^[A-Za-z]\^")


def use_scripts(md: MarkdownIt) -> None:
    """`H~2~O` and `x^2^`."""
    md.inline.ruler.before("strikethrough", "sub", _sub)
    md.inline.ruler.after("emphasis", "sup", _sup)


def _sub(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if state.src[state.pos] != "~":
        return False
    return _take(state, "sub", _DOWN.match(state.src, state.pos, state.posMax), silent=silent)


def _sup(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if state.src[state.pos] != "^":
        return False
    found = _UP.match(state.src, state.pos, state.posMax)
    if found is None or not any(char.isalnum() for char in found.group()):
        return False
    if _EYES.fullmatch(found.group()) and is_cjk(state.src[state.pos - 1]):  # 好^o^
        return False
    return _take(state, "sup", found, silent=silent)


def _take(state: StateInline, tag: str, found: re.Match[str] | None, *, silent: bool) -> bool:
    if found is None:
        return False
    if not silent:
        state.push(f"{tag}_open", tag, 1).markup = found.group()[0]
        state.push("text", "", 0).content = found.group()[1:-1]
        state.push(f"{tag}_close", tag, -1).markup = found.group()[0]
    state.pos = found.end()
    return True
