import pytest

from content.markdown.attributes import read_attributes, split_attributes
from tests.content.markdown.conftest import Html


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("![a](b.png){width=50%}", '<p><img src="b.png" alt="a" width="50%" /></p>'),
        (
            "![a](b.png){width=300 height=20px}",
            '<p><img src="b.png" alt="a" width="300" height="20px" /></p>',
        ),
        ("[红 **字**]{.hot}", '<p><span class="hot">红 <strong>字</strong></span></p>'),
        ('[字]{style="color: red"}', '<p><span style="color: red">字</span></p>'),
        ("`x`{.a .b}", '<p><code class="a b">x</code></p>'),
        (
            "[x](https://mp.weixin.qq.com/s/x){.c}y",
            '<p><a href="https://mp.weixin.qq.com/s/x" class="c">x</a>y</p>',
        ),
        ("## 题 {.hot}", '<h2 class="hot">题</h2>'),
        ("## 题 {#id}", "<h2>题</h2>"),
        ("字\n{.hot}", '<p class="hot">字</p>'),
        ("字 **粗** {.hot}", '<p class="hot">字 <strong>粗</strong></p>'),
    ],
)
def test_attributes_in_braces_are_taken(html: Html, text: str, out: str) -> None:
    assert html(text) == out + "\n"


@pytest.mark.parametrize(
    "text",
    ["集合 {a}", "集合{.a}", "{a=", "函数 f {x=1}", "x {}", "`a` {.b c}", "# T {x}", "**粗**{.a}"],
)
def test_other_braces_are_text(html: Html, text: str) -> None:
    kept = text.replace("# ", "").replace("**", "").strip("`").replace("` {", " {")
    shown = html(text)
    assert "class=" not in shown
    assert kept[kept.index("{") :] in shown


def test_only_looks_are_taken() -> None:
    given = '{.a #b onclick=x href="javascript:x" src=y id=z class="c d" style="color:red"}'
    assert read_attributes(given) == {"style": "color:red", "class": "a c d"}


def test_a_space_sets_them_apart() -> None:
    assert split_attributes("题 {.a}") == ("题", {"class": "a"})
    assert split_attributes("{.a}") == ("", {"class": "a"})
    assert split_attributes("题{.a}") == ("题{.a}", {})
    assert split_attributes("题 {a}") == ("题 {a}", {})
