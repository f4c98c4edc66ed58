from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from content.markdown.environment import options_of

_AROUND = frozenset({"link_open", "link_close", "softbreak"})


def use_captions(md: MarkdownIt) -> None:
    """The title of a picture alone in its paragraph stands below it; option `captions`.

    As `<figure>`, for themes; steps/plain_tags.py makes sections of it in the end.
    """
    md.core.ruler.push("captions", _caption)


def _caption(state: StateCore) -> None:
    if not options_of(state.env).captions:
        return
    tokens: list[Token] = []
    for token in state.tokens:
        title = _title(token) if token.type == "inline" else ""
        if title and tokens[-1].type == "paragraph_open":
            tokens[-1].tag, tokens[-1].hidden = "figure", False
            tokens += [token, *_below(title)]
        elif token.type == "paragraph_close" and tokens[-1].type == "caption_close":
            token.tag, token.hidden = "figure", False
            tokens.append(token)
        else:
            tokens.append(token)
    state.tokens = tokens


def _title(inline: Token) -> str:
    """The title of the one picture that `inline` is; empty for everything else."""
    images: list[Token] = []
    for child in inline.children or []:
        if child.type == "image":
            images.append(child)
        elif child.type not in _AROUND and child.content.strip():
            return ""
    return str(images[0].attrs.get("title", "")) if len(images) == 1 else ""


def _below(title: str) -> list[Token]:
    text = Token("inline", "", 0, content=title, children=[Token("text", "", 0, content=title)])
    return [
        Token("caption_open", "figcaption", 1),
        text,
        Token("caption_close", "figcaption", -1),
    ]
