from markdown_it import MarkdownIt
from markdown_it.rules_inline.state_inline import Delimiter, StateInline

from content.markdown.cjk import push_delimiters, scan

_MARKER = "="


def use_mark(md: MarkdownIt) -> None:
    """`==text==` is marked, also beside Chinese."""
    md.inline.ruler.before("emphasis", "mark", _tokenize)
    md.inline.ruler2.before("emphasis", "mark", _finish)


def _tokenize(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
    if silent or state.src[state.pos] != _MARKER:
        return False
    can_open, can_close, length = scan(state, _MARKER)
    if length == 1:
        return False
    if length == 2:
        push_delimiters(state, _MARKER * 2, 1, (can_open, can_close))
    else:
        state.append_pending(_MARKER * length)
        state.pos += length
    return True


def _finish(state: StateInline) -> None:
    nested = (meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta)
    for delimiters in (state.delimiters, *nested):
        for opener in delimiters:
            if opener.marker == ord(_MARKER) and opener.end != -1:
                _become(state, opener, "mark_open", 1)
                _become(state, delimiters[opener.end], "mark_close", -1)


def _become(state: StateInline, delimiter: Delimiter, kind: str, nesting: int) -> None:
    token = state.tokens[delimiter.token]
    token.type, token.tag, token.markup = kind, "mark", _MARKER * 2
    token.nesting = 1 if nesting > 0 else -1
    token.content = ""
