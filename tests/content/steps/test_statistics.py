import pytest

from content.steps.statistics import count_text
from tests.content.conftest import manuscript


def test_text_and_html_are_counted_apart() -> None:
    made = manuscript('<p style="x">中文&nbsp;&lt;</p><p>b</p>')
    count_text(made)
    assert made.stats == {"characters": 5, "bytes": len(made.html.encode()), "reading_minutes": 1}


@pytest.mark.parametrize(
    ("html", "pictures", "minutes"),
    [
        ("字" * 400, 0, 1),
        ("字" * 401, 0, 2),
        ("word " * 200, 0, 1),
        ("word " * 201, 0, 2),
        ("字" * 200 + "word " * 100, 0, 1),
        ("<pre><code>" + "x y z<br>" * 59 + "x</code></pre>", 0, 2),
        ("<pre>" + "x\n" * 29 + "x</pre>", 0, 1),
        ("字", 13, 2),
        ("", 0, 1),
    ],
)
def test_chinese_words_code_and_pictures_take_their_time(
    html: str, pictures: int, minutes: int
) -> None:
    made = manuscript(html)
    made.images = [{"src": "", "alt": ""}] * pictures
    count_text(made)
    assert made.stats["reading_minutes"] == minutes


def test_keywords_are_found_where_they_are_wanted_and_not_in_code() -> None:
    made = manuscript("<p>令牌与令牌</p><pre>代码代码</pre>")
    count_text(made)
    assert made.keywords == []
    made.wants_keywords = True
    count_text(made)
    assert made.keywords == ["令牌"]
