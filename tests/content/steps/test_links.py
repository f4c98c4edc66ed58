from typing import Any

import pytest

from content.manuscript import Body
from content.options import RenderOptions
from content.steps.links import is_clickable, number_links
from tests.content.conftest import manuscript


def _linked(html: str, **options: Any) -> str:
    body = Body(html)
    made = manuscript()
    made.options = RenderOptions(**options)
    number_links(made, body)
    return body.serialize()


def test_a_url_has_one_number_however_often_it_is_named() -> None:
    html = _linked(
        '<p><a href="https://a.com/?x=1&amp;y=2">A</a>, <a href="https://b.com">B</a>, '
        '<a href="https://a.com/?x=1&amp;y=2">again</a></p>'
    )
    assert html.count('<sup class="reference">[1]</sup>') == 2
    assert html.count("[2]") == 2
    assert "[1] A: https://a.com/?x=1&amp;y=2" in html
    assert "<a" not in html
    assert html.endswith("</section>")


def test_wechats_own_links_stay_clickable() -> None:
    link = '<a href="https://mp.weixin.qq.com/s/abc">x</a>'
    assert _linked(link) == link


@pytest.mark.parametrize(
    "href",
    [
        *("#anchor", "javascript:alert(1)", " JavaScript:x", "data:text/html,x", "../a.md", ""),
        *("vbscript:x", "https:", "http://[::1"),
    ],
)
def test_links_to_nowhere_become_text(href: str) -> None:
    html = _linked(f'<p><a href="{href}">text</a></p>')
    assert "<a" not in html
    assert "text" in html
    assert "script" not in html.lower()


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://a.com/x">https://a.com/x</a>',
        '<a href="https://a.com/%E4%B8%AD">https://a.com/中</a>',
        '<a href="https://a.com/">a.com</a>',
        '<a href="mailto:a@b.com">a@b.com</a>',
    ],
)
def test_a_link_that_shows_its_url_needs_no_reference(html: str) -> None:
    assert "[1]" not in _linked(html)


@pytest.mark.parametrize(
    "host", ["mp.weixin.qq.com.evil.com", "mp.weixin.qq.com@evil.com", "xmp.weixin.qq.com"]
)
def test_hosts_that_look_like_wechats_are_foreign(host: str) -> None:
    assert "<a" not in _linked(f'<a href="https://{host}/s">x</a>')


def test_reference_texts_are_escaped() -> None:
    html = _linked('<a href="https://a.com/">&lt;img src=x&gt;</a>')
    assert "<img" not in html


def test_without_references_only_the_text_stays() -> None:
    page = '<a href="https://mp.weixin.qq.com/s/x">c</a>'
    html = _linked(f'<p><a href="https://a.com">a</a> {page}</p>', link_references=False)
    assert html == f"<p>a {page}</p>"


@pytest.mark.parametrize(
    ("link", "line"),
    [
        ('<a href="https://a.com/x" title="名 称">a</a>', "[1] 名 称: https://a.com/x"),
        ('<a href="https://a.com/x"><img src="b.png" alt="图"></a>', "[1] 图: https://a.com/x"),
        ('<a href="https://a.com/x"><img src="b.png"></a>', "[1] https://a.com/x"),
        ('<a href="mailto:a@b.com">写信</a>', "[1] 写信: a@b.com"),
    ],
)
def test_a_reference_is_called_by_title_text_or_picture(link: str, line: str) -> None:
    html = _linked(link)
    assert html.endswith(f"<p>{line}</p></section>")
    assert ("<img" in html) == ("<img" in link)


def test_wechats_own_links_are_written_without_the_spaces_around_them() -> None:
    url = "https://mp.weixin.qq.com/s/a"
    assert _linked(f'<a href=" {url}\n">x</a>') == f'<a href="{url}">x</a>'
    assert not is_clickable("https://mp.weixin.qq.com/s/a\n.evil.com")
