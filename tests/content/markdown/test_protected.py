from time import process_time

import pytest

from content.markdown.protected import protected


def kept(text: str) -> str:
    return "".join(char if keep else "·" for char, keep in zip(text, protected(text), strict=True))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("见http://a.b/c,好", "·http://a.b/c··"),
        ("用www.a.com。", "·www.a.com·"),
        ("写信me@a.com!", "··me@a.com·"),
        ('标签<a href="x">文', '··<a href="x">·'),
        ("公式$a,b$与$5,省$3", "··$a,b$·······"),
        ("3<5,6>4", "·······"),
    ],
)
def test_what_is_no_prose_is_left_alone(text: str, shown: str) -> None:
    assert kept(text) == shown


@pytest.mark.parametrize(
    "part", ["a", "a:", "http://,", "www.,", "<a", "$a", "a@", "a@b.", "$ ", "<"]
)
def test_no_text_takes_more_than_linear_time(part: str) -> None:
    began = process_time()
    protected(part * (20_000 // len(part)))
    assert process_time() - began < 1
