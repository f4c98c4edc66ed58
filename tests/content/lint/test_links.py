import pytest

from tests.content.lint.conftest import Lint


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        ("#part", "link_anchor"),
        ("other.html", "link_relative"),
        ("/path", "link_relative"),
        ("javascript:x", "link_scheme"),
        ("tel:1", "link_scheme"),
        ("https://a.com", "link_not_clickable"),
        ("mailto:a@a.com", "link_not_clickable"),
    ],
)
def test_a_link_is_judged_by_where_it_leads(lint: Lint, href: str, rule: str) -> None:
    for told in (lint(f"[a]({href})"), lint(html=f"<a href='{href}'>a</a>")):
        assert [found for found in told if found.startswith("link")] == [rule]


def test_wechats_own_links_are_left_in_peace(lint: Lint) -> None:
    told = lint("[a](https://mp.weixin.qq.com/s/x)")
    assert not [found for found in told if found.startswith("link")]


def test_links_outside_are_told_once(lint: Lint) -> None:
    told = lint("[a](https://a.com) [b](https://b.com)")["link_not_clickable"]
    assert told["message"][1].startswith("2 links, https://a.com first")


def test_an_address_without_its_scheme_can_be_mended(lint: Lint) -> None:
    text = "---\ntitle: a\n---\n见 [a](www.a.com/x)"
    start, end, scheme = lint(text)["link_relative"]["edit"]
    assert text[:start] + scheme + text[end:] == text.replace("www", "https://www")


@pytest.mark.parametrize(
    "html", ["<mp-miniprogram></mp-miniprogram>", '<a data-miniprogram-appid="wx1">a</a>']
)
def test_cards_that_only_the_console_can_insert_are_told(lint: Lint, html: str) -> None:
    assert lint(html=html)["link_mini_program"]["level"] == "warning"
