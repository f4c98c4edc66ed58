import pytest

from content.steps.sanitize import Sanitizer
from tests.content.conftest import manuscript

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></math>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<form action=x><input autofocus onfocus=alert(1)></form>",
    "<object data=x></object><embed src=x><video src=x onerror=alert(1)>",
    "<base href=//evil.com><meta http-equiv=refresh content=0;url=//evil.com>",
    "<style>@import '//evil.com'</style><link rel=stylesheet href=//evil.com>",
    '<p style="background:url(//evil.com/x)">',
    '<p style="background:\\75rl(//evil.com/x)">',
    "<p style=\"background-image:image-set('//evil.com/x' 1x)\">",
    '<p style="width:expression(alert(1))">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><img src=x onerror=alert(1)></template>",
    '<a href="java\nscript:alert(1)">x</a>',
    '<!--<img src="--><img src=x onerror=alert(1)//">',
]


@pytest.fixture(scope="module")
def sanitizer() -> Sanitizer:
    return Sanitizer()


def _clean(sanitizer: Sanitizer, html: str) -> str:
    made = manuscript(html, is_markdown=False)
    sanitizer.clean(made)
    return made.html


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_or_loads_survives(sanitizer: Sanitizer, attack: str) -> None:
    html = _clean(sanitizer, attack).lower()
    for banned in ("alert", "evil", "<script", "<iframe", "<style", "onerror", "javascript"):
        assert banned not in html


def test_what_wechat_would_drop_is_dropped_here(sanitizer: Sanitizer) -> None:
    html = '<section class="a" id="b" data-x="1" style="position:fixed;color:red;transform:none">x</section>'
    assert _clean(sanitizer, html) == '<section style="color:red">x</section>'


def test_text_of_unknown_elements_stays(sanitizer: Sanitizer) -> None:
    assert _clean(sanitizer, "<blink>a</blink><font>b</font>") == "ab"


def test_only_listed_backgrounds_stay(sanitizer: Sanitizer) -> None:
    styles = {
        "background:url('picture:0') no-repeat;color:red": (
            'background:url("https://a.com/x;1.png") no-repeat;color:red'
        ),
        "background-image:url('picture:1')": 'background-image:url("b&c.png")',
        "background:url('picture:2')": "background:none",  # no step wrote that
        "background:url('picture:0'),url(//evil.com);color:red": "color:red",
        "background:url(https://a.com/x;1.png)": "",
        "list-style:url('picture:0');color:red": "color:red",
        "background:url('picture:0') var(--x)": "",
    }
    for is_markdown in (True, False):
        for style, left in styles.items():
            made = manuscript(f'<p style="{style}">x</p>', is_markdown=is_markdown)
            made.images = [{"src": src, "alt": ""} for src in ("https://a.com/x;1.png", "b&c.png")]
            sanitizer.clean(made)
            wanted = left.replace("&", "&amp;").replace('"', "&quot;")
            assert made.html == (f'<p style="{wanted}">x</p>' if left else "<p>x</p>")


def test_no_line_ends_are_left_between_the_blocks_that_markdown_made(
    sanitizer: Sanitizer,
) -> None:
    made = manuscript("<p>a</p>\n\n<p>b</p>\n")
    sanitizer.clean(made)
    assert made.html == "<p>a</p><p>b</p>"
    # In HTML they may stand for a space, or be code.
    assert _clean(sanitizer, "<b>a</b>\n<i>b</i>") == "<b>a</b>\n<i>b</i>"


def test_only_judged_pictures_and_wechats_own_links_stay(sanitizer: Sanitizer) -> None:
    html = (
        '<img src="a.png" alt="a"><img src="b.png"><a href="https://mp.weixin.qq.com/s/x">1</a>'
        '<a href="data:text/html;base64,AAAA">2</a><a href="https://evil.com">3</a>'
    )
    made = manuscript(html, is_markdown=False)
    made.images = [{"src": "a.png", "alt": "a"}]
    sanitizer.clean(made)
    assert made.html == (
        '<img src="a.png" alt="a"><img><a href="https://mp.weixin.qq.com/s/x">1</a><a>2</a><a>3</a>'
    )


def test_neither_controls_nor_custom_properties_are_left(sanitizer: Sanitizer) -> None:
    html = '<p style="--a:1;color:var(--a);font-size:9px">a\x1b\x85\ufffe\U0001fffeb</p>'
    assert _clean(sanitizer, html) == '<p style="font-size:9px">ab</p>'


def test_headings_left_in_a_heading_by_an_element_that_fell_away_stand_apart(
    sanitizer: Sanitizer,
) -> None:
    assert _clean(sanitizer, "<h1>a<x-y><h1>b</h1></x-y></h1>").count("<h1>") == 2
    assert "<h1>a<h1>" not in _clean(sanitizer, "<h1>a<x-y><h1>b</h1></x-y></h1>")
