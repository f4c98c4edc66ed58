import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_inline.state_inline import StateInline

from content.markdown.environment import options_of

_SHORTCODE = re.compile(r"(?<![0-9A-Za-z]):[a-z0-9_+-]{1,60}:")  # not in a:b:c


def use_emoji(md: MarkdownIt) -> None:
    """`:smile:` is the emoji, by the names that GitHub has; option `emoji`."""
    md.inline.ruler.after("emphasis", "emoji", _tokenize)


def _tokenize(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if state.src[state.pos] != ":":
        return False
    found = _SHORTCODE.match(state.src, state.pos, state.posMax)
    if found is None or not options_of(state.env).emoji:
        return False
    emoji = _named(found.group())
    if emoji is None:
        return False
    if not silent:
        state.append_pending(emoji)
    state.pos = found.end()
    return True


@lru_cache(maxsize=1_024)
def _named(shortcode: str) -> str | None:
    from emoji import emojize  # 60 ms that most articles never need

    emoji = emojize(shortcode, language="alias")
    return None if emoji == shortcode else emoji
