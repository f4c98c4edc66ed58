from content.steps.statistics import count_text
from tests.content.conftest import manuscript


def test_text_and_html_are_counted_apart() -> None:
    made = manuscript('<p style="x">中文&nbsp;&lt;</p><p>b</p>')
    count_text(made)
    assert made.stats == {"characters": 5, "bytes": len(made.html.encode()), "reading_minutes": 1}


def test_reading_takes_a_minute_for_400_characters() -> None:
    made = manuscript("字" * 401)
    count_text(made)
    assert made.stats["reading_minutes"] == 2
