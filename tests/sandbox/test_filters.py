import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from sandbox.filters import ArticleFilter, has_forbidden_markup, text_of

IMG = "http://mmbiz.qpic.cn/mmbiz_png/x/0?wx_fmt=png"


def clean(content: str) -> str:
    return ArticleFilter().clean(content)


@pytest.mark.parametrize(
    "dead",
    [
        "<script>alert(1)</script>",
        "<style>p{color:red}</style>",
        '<link rel="stylesheet" href="x">',
        '<iframe src="https://example.com">old</iframe>',
        "<input>",
        '<video src="x"></video>',
        '<object data="x"></object>',
        '<embed src="x">',
        "<!-- comment -->",
        '<img src="https://example.com/a.png">',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="blob:x">',
        '<img src="https://mmbiz.qpic.cn.evil.example/a.png">',
        "<img>",
    ],
)
def test_what_goes_with_all_that_is_in_it(dead: str) -> None:
    assert clean(f"<p>a{dead}b</p>") == "<p>ab</p>"


def test_wechats_own_pictures_stay() -> None:
    assert clean(f'<img src="{IMG}" width="9" alt="图">') == f'<img src="{IMG}" alt="图">'
    assert clean(f'<img data-src="{IMG}">') == f'<img data-src="{IMG}">'


def test_attributes_that_go() -> None:
    dirty = '<p class="a" id="b" onclick="x()" data-x="1" style="color: #fff">a</p>'
    assert clean(dirty) == '<p style="color: rgb(255, 255, 255);">a</p>'


def test_only_links_to_wechat_stay_links() -> None:
    assert clean('<a href="https://mp.weixin.qq.com/s/x">a</a>') == (
        '<a href="https://mp.weixin.qq.com/s/x">a</a>'
    )
    for href in ("https://example.com", "#anchor", "javascript:alert(1)", "/relative"):
        assert clean(f'<a href="{href}">a</a>') == "<a>a</a>"


def test_divs_and_forms_leave_their_content() -> None:
    assert clean('<div style="color:red"><form><p>a</p></form></div>') == "<p>a</p>"
    kept = ArticleFilter(keep_divs=True).clean('<div style="color:red">a</div>')
    assert kept == '<div style="color: red;">a</div>'


def test_whitespace_collapses_in_code_too_unless_it_is_nbsp() -> None:
    assert clean("<pre>a\n    b\t c</pre>") == "<pre>a b c</pre>"
    assert clean("<pre>a<br>\u00a0\u00a0b&nbsp;c</pre>") == "<pre>a<br>\u00a0\u00a0b\u00a0c</pre>"


def test_svg_survives_without_what_it_refers_to() -> None:
    dirty = (
        '图<svg viewBox="0 0 1 1" id="a" class="b"><defs><path id="p"/></defs><use href="#p"/>'
        '<path d="M0 0" fill="url(#g)" stroke="red" style="fill:red"/></svg>'
    )
    assert clean(dirty) == '图<svg viewBox="0 0 1 1"><path d="M0 0" stroke="red"></path></svg>'


def test_svg_with_nothing_before_it_vanishes() -> None:
    assert clean("<p><svg></svg></p><p>a<svg></svg></p>") == "<p></p><p>a<svg></svg></p>"
    assert clean("<p>&nbsp;</p><svg></svg>").endswith("<svg></svg>")


def test_text_is_escaped_again() -> None:
    assert clean("<p>a &lt;script&gt; &amp; b</p>") == "<p>a &lt;script&gt; &amp; b</p>"
    assert clean('<p style="font-family: &quot;A&quot;">a</p>') == (
        '<p style="font-family: &quot;A&quot;;">a</p>'
    )


def test_empty_and_plain_content() -> None:
    assert clean("") == ""
    assert clean("只有文字") == "只有文字"
    assert clean("<p>a</p>tail<p>b</p>") == "<p>a</p>tail<p>b</p>"


def test_nesting_deeper_than_pythons_stack_is_no_problem() -> None:
    deep = 5_000
    assert clean("<section>" * deep + "a") == "<section>" * deep + "a" + "</section>" * deep


@given(st.text(alphabet="<>/\"'= &;abpscriptimgonsrcsvg\n!-", max_size=80))
def test_cleaning_is_stable_and_leaves_nothing_to_run(content: str) -> None:
    once = clean(content)
    assert clean(once) == once
    tree = LexborHTMLParser(f"<section>{once}</section>").body
    assert tree is not None
    for node in tree.css("*"):
        assert node.tag not in ("script", "style", "iframe", "object", "embed")
        assert not any(name.startswith("on") for name in node.attributes)


def test_text_of_folds_whitespace() -> None:
    assert text_of("<p> a\n b</p><p>c</p>") == "a bc"
    assert text_of("") == ""


def test_reported_triggers_of_45166() -> None:
    assert has_forbidden_markup("<p><script>1</script></p>")
    assert has_forbidden_markup('<a href="#a">a</a>')
    assert not has_forbidden_markup('<a href="https://example.com">a</a>')
