import pytest

from tests.content.markdown.conftest import Html


def _toc(html: str) -> str:
    flat = html.replace("\n", "").replace("<section>", "").replace("</section>", "")
    return flat.partition('<p class="toc-title">目录</p>')[2].partition("<h")[0]


@pytest.mark.parametrize("place", ["[TOC]", "[toc]", "[[toc]]", "[[_TOC_]]"])
def test_headings_are_listed_where_it_stands(html: Html, place: str) -> None:
    out = html(
        f"# 题\n\n{place}\n\n## 一 `x`[^1]\n\n### 甲\n\n### 乙\n\n## 二\n\n#### 深\n\n[^1]: n"
    )
    items = "<ul><li>一 x<ul><li>甲</li><li>乙</li></ul></li><li>二</li></ul>"
    assert _toc(out) == items
    assert "<a" not in out


@pytest.mark.parametrize(
    ("headings", "items"),
    [
        ("### 一\n\n## 二", "<ul><li>一</li><li>二</li></ul>"),
        ("# 一\n\n# 二", "<ul><li>一</li><li>二</li></ul>"),
        ("## 一\n\n#### 甲", "<ul><li>一<ul><li>甲</li></ul></li></ul>"),
        ("## [链](https://a.com) **粗**", "<ul><li>链 粗</li></ul>"),
    ],
)
def test_its_levels_are_those_that_are_used(html: Html, headings: str, items: str) -> None:
    assert _toc(html("[TOC]\n\n" + headings)) == items


@pytest.mark.parametrize("text", ["见 [TOC]", "# [TOC]", "`[TOC]`", "[TOC] x"])
def test_elsewhere_it_is_text(html: Html, text: str) -> None:
    assert "TOC" in html(text + "\n\n## 一")


def test_a_second_one_and_one_without_headings_leave_nothing(html: Html) -> None:
    assert html("[TOC]\n\n[TOC]\n\n## 一").count("目录") == 1
    assert html("a\n\n[TOC]") == "<p>a</p>\n"
