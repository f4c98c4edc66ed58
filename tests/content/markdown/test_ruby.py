import pytest

from tests.content.markdown.conftest import Html


def _ruby(*pairs: tuple[str, str]) -> str:
    inner = "".join(f"{base}<rp>(</rp><rt>{above}</rt><rp>)</rp>" for base, above in pairs)
    return f"<ruby>{inner}</ruby>"


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("[汉字]{hàn zì}", _ruby(("汉", "hàn"), ("字", "zì"))),
        ("[汉字]{hàn-zì}", _ruby(("汉", "hàn"), ("字", "zì"))),
        ("[世界]^(せかい)", _ruby(("世界", "せかい"))),
        ("[HTML]{超文本}", _ruby(("HTML", "超文本"))),
        ("前[字]{zì}后", f"前{_ruby(('字', 'zì'))}后"),
        ("[<b>]^(&)", _ruby(("&lt;b&gt;", "&amp;"))),
        # these are something else
        ("[字]{.big}", '<span class="big">字</span>'),
        ("[字] {zì}", "[字] {zì}"),
        ("[字]{}", "[字]{}"),
        ("`[字]{zì}`", "<code>[字]{zì}</code>"),
    ],
)
def test_readings_stand_above_characters(html: Html, text: str, inner: str) -> None:
    assert html(text) == f"<p>{inner}</p>\n"


def test_a_link_comes_first(html: Html) -> None:
    assert "<ruby>" not in html("[a]{b}\n\n[a]: https://mp.weixin.qq.com/s/x")
