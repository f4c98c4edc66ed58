from typing import Any

from content.manuscript import Body
from content.steps.title import take_title
from tests.content.conftest import manuscript


def _taken(html: str, **fields: Any) -> tuple[str, str]:
    made, body = manuscript(html, **fields), Body(html)
    take_title(made, body)
    return made.string("title"), body.serialize()


def test_the_first_heading_becomes_the_title_and_leaves_the_body() -> None:
    assert _taken("<h1>标 <em>题</em></h1><p>x</p><h1>b</h1>") == ("标 题", "<p>x</p><h1>b</h1>")


def test_a_given_title_wins_and_its_repetition_goes() -> None:
    assert _taken("<h1>a</h1>x", title="a") == ("a", "x")
    assert _taken("<h1>a</h1>x", title="b") == ("b", "<h1>a</h1>x")


def test_an_article_may_have_no_heading() -> None:
    assert _taken("<h1> </h1><h2>a</h2>") == ("", "<h1> </h1><h2>a</h2>")
