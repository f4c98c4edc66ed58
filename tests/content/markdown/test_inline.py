from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import StateInline

from content.markdown.syntax import use_syntax
from content.steps.markdown import open_parser

_PIECES = [
    *("a", "中", " ", "\n", "  \n", "1", "。", "x2", "http://a.b/c", "<http://a.b>", "&amp;", "\\"),
    *("*", "**", "_", "~", "~~", "=", "==", "^", "[", "]", "(", ")", "](u)", "![", "[^1]", "^["),
    *("{", "}", "{.a}", "{zì}", "^(x)", "`", "``", ":", ":smile:", "<", ">", "<b>", "#", "|"),
]


def _pair() -> tuple[MarkdownIt, MarkdownIt]:
    quick, plain = open_parser(), open_parser()
    for md in (quick, plain):
        use_syntax(md)
        md.inline.ruler.disable("math_inline")  # it draws
    parser = ParserInline()
    parser.ruler, parser.ruler2 = plain.inline.ruler, plain.inline.ruler2
    plain.inline = parser
    return quick, plain


_QUICK, _PLAIN = _pair()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join))
def test_it_makes_of_every_text_what_markdown_its_own_parser_makes(text: str) -> None:
    quick, plain = ({"footnotes": {"refs": {":1": -1}}} for _ in range(2))
    assert _QUICK.renderInline(text, quick) == _PLAIN.renderInline(text, plain)


def test_a_rule_that_it_does_not_know_is_asked_everywhere() -> None:
    def shout(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - markdown-it's rule
        if state.src[state.pos] not in "$中":
            return False
        if not silent:
            state.push("text", "", 0).content = "!!"
        state.pos += 1
        return True

    md = open_parser()
    assert md.renderInline("a$b 中") == "a$b 中"
    md.inline.ruler.before("text", "shout", shout)
    assert md.renderInline("a$b 中*c*") == "a!!b 中<em>c</em>"
    assert md.renderInline("中*c*") == "!!<em>c</em>"
