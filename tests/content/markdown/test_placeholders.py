import pytest

from tests.content.conftest import Render


@pytest.mark.parametrize(
    "text", ["Vec<String> 与 Map<K, List<int>>", "ssh <user>@<your-host>", "<T> 泛型"]
)
def test_what_looks_like_a_tag_stays_as_text(render: Render, text: str) -> None:
    content = render(text, title="题")["content"]
    assert text.replace("<", "&lt;").replace(">", "&gt;") in content


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("甲<b>乙</b>", "甲<b"),
        ("甲<BR>乙", "甲<br>乙"),
        ("甲<x-y>乙</x-y>丙", "甲乙丙"),
        ("甲<mp-x id=a>乙", "甲乙"),
        ("甲<script>乙", "甲"),
        ("甲<br/>乙", "甲<br>乙"),
    ],
)
def test_elements_stay_elements(render: Render, text: str, left: str) -> None:
    content = render(text, title="题")["content"]
    assert left in content
    assert "&lt;" not in content


def test_a_heading_says_it_in_the_title_too(render: Render) -> None:
    assert render("# 认识 Vec<T>\n\n正文")["title"] == "认识 Vec<T>"
