from datetime import date, datetime
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateRuntimeError, UndefinedError
from markupsafe import Markup

from templates.filters import Raw
from templates.marks import Marks, TooMuch, told


def test_a_value_stands_behind_one_character_until_it_is_written() -> None:
    marks = Marks(100)
    text = f"a {marks.mark('b: c')} d"
    assert len(text) == 5
    assert marks.put_back(text, str.upper) == "a B: C d"


def test_markdown_is_written_as_it_is_and_nothing_is_no_mark() -> None:
    marks = Marks(100)
    assert marks.put_back(marks.mark(Raw("**a**")), str.upper) == "**a**"
    assert marks.mark("") == marks.mark(None) == ""


def test_what_holds_marks_already_is_one_text_again() -> None:
    marks = Marks(100)
    captured = Markup("x") + marks.mark("y")
    assert marks.mark(captured) is captured
    shown = marks.mark(str(captured))
    assert len(shown) == 1
    assert marks.put_back(shown, lambda said: f"[{said}]") == "[xy]"


def test_more_than_it_may_hold_is_too_much() -> None:
    marks = Marks(10)
    marks.mark("a" * 10)
    with pytest.raises(TooMuch):
        marks.mark("b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (date(2026, 12, 1), "2026-12-01"),
        (datetime(2026, 12, 1, 8, 5), "2026-12-01 08:05"),  # noqa: DTZ001
    ],
)
def test_values_are_written_as_people_do(value: Any, expected: str) -> None:
    assert told(value) == expected


def test_what_has_no_text_is_not_written() -> None:
    with pytest.raises(TemplateRuntimeError, match="loop over it"):
        told(["a"])
    with pytest.raises(UndefinedError):
        told(StrictUndefined(name="x"))
