"""Whatever comes in, what goes out is HTML that no parser has to mend, of allowed elements."""

from hypothesis import given, settings
from hypothesis import strategies as st

from content.pipeline import Pipeline
from core.errors import GatewayError
from tests.content.allowed import assert_allowed
from tests.content.conftest import request

PIPELINE = Pipeline()

_PIECES = st.sampled_from(
    [
        *(
            "**粗**",
            "*斜*",
            "`码`",
            "==亮==",
            "~~删~~",
            "^上^",
            "~下~",
            "{汉|hàn}",
            ":smile:",
            "$a_1$",
        ),
        *(
            "[链](http://e.com/a)",
            '![图](a.png "题")',
            "[^1]",
            "[TOC]",
            "<b>x",
            "</p>",
            "\n",
            "\n\n",
        ),
        *("# 题\n", "> 引\n", "> [!NOTE]\n> 注\n", "- 项\n", "  - 子\n", "1. 一\n", "- [x] 做\n"),
        *("```py\nx = 1\n```\n", "$$\nx\n$$\n", "::: note\n", ":::\n", "|a|b|\n|-|-|\n|1|2|\n"),
        *(
            "[^1]: 脚注\n",
            "词\n: 义\n",
            "---\n",
            "{.c style=color:red}",
            "&lt;",
            "&#0;",
            "\0",
            "<!--",
        ),
        *("```mermaid\ngraph TD;A-->B\n```\n", "中文English混排", "“引”", '"q"', "<script>", "\\"),
    ]
)
_TAGS = st.sampled_from(
    [
        *(
            "p",
            "div",
            "section",
            "a",
            "b",
            "i",
            "span",
            "table",
            "tr",
            "td",
            "ul",
            "li",
            "svg",
            "math",
        ),
        *(
            "style",
            "script",
            "iframe",
            "img",
            "br",
            "h1",
            "pre",
            "code",
            "select",
            "option",
            "form",
        ),
        *(
            "template",
            "title",
            "path",
            "g",
            "foreignObject",
            "mi",
            "noscript",
            "ruby",
            "rt",
            "caption",
        ),
        *(
            "col",
            "tbody",
            "button",
            "textarea",
            "plaintext",
            "frameset",
            "body",
            "html",
            "head",
            "x-y",
        ),
    ]
)
_ATTRIBUTES = st.sampled_from(
    [
        *("", ' class="a"', " id=b", " onclick=alert(1)", ' style="color:red;position:fixed"'),
        *(
            ' style="background:url(x)"',
            ' style="width:expression(1)"',
            ' href="javascript:alert(1)"',
        ),
        *(
            ' href="https://mp.weixin.qq.com/s/a"',
            ' href="http://e.com/"',
            ' src="a.png"',
            " src=//e",
        ),
        *(' src="data:image/png;base64,AAAA"', ' style="--a:1;color:var(--a)"', " /", ' "', " '"),
        *(' srcset="a 1x"', ' xlink:href="a"', ' d="M0 0"', ' viewBox="0 0 1 1"', ' colspan="2"'),
    ]
)
_TEXTS = st.sampled_from(["字", " ", "a<b", "&amp", "&#x0;", "\u2028", "]]>", "<!--", "-->", "<?x"])


@st.composite
def _markup(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 12))):
        tag = draw(_TAGS)
        kind = draw(st.integers(0, 3))
        if kind < 2:
            parts.append(f"<{tag}{draw(_ATTRIBUTES)}{draw(_ATTRIBUTES)}>")
        elif kind == 2:
            parts.append(f"</{tag}>")
        else:
            parts.append(draw(_TEXTS))
    return "".join(parts)


def _holds(**text: str) -> None:
    try:
        made = PIPELINE.run(request(title="题", **text))
    except GatewayError as refusal:
        assert refusal.status == 422  # noqa: PT017
        return
    assert_allowed(made["content"])


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES | _TEXTS, max_size=15).map("".join))
def test_markdown(markdown: str) -> None:
    _holds(markdown=markdown)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_as_markdown(markdown: str) -> None:
    _holds(markdown=markdown)


@settings(max_examples=400, deadline=None)
@given(_markup())
def test_html(html: str) -> None:
    _holds(html=html)
