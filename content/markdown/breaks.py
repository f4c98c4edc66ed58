from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from content.markdown.cjk import join_cjk_lines
from content.markdown.environment import Env, manuscript_of


def use_breaks(md: MarkdownIt) -> None:
    """A line break inside a paragraph leaves no gap between Chinese characters."""
    md.add_render_rule("softbreak", _softbreak)


def _softbreak(
    _self: RendererHTML, tokens: Sequence[Token], index: int, _options: object, env: Env
) -> str:
    manuscript = manuscript_of(env)
    if manuscript is not None and manuscript.article_type == "newspic":
        return "<br>"  # its text is read in the lines it was typed in
    before = _nearest(tokens[place] for place in range(index - 1, -1, -1))
    after = _nearest(tokens[place] for place in range(index + 1, len(tokens)))
    return join_cjk_lines(before, after)


def _nearest(tokens: Iterable[Token]) -> str:
    """The text beside the break: marks such as `**` stand between, a picture does not."""
    for token in tokens:
        if token.content or (token.nesting == 0 and token.type != "text"):
            return token.content
    return ""
