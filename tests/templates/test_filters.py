from datetime import date, datetime
from typing import Any

import pytest
from jinja2.exceptions import FilterArgumentError
from markupsafe import Markup

from templates import filters
from templates.filters import FILTERS, Raw

_MOMENT = datetime(2026, 12, 1, 20, 5)  # noqa: DTZ001 - as the template has it
_DAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("年月日", "2026年12月1日"),
        ("年月", "2026年12月"),
        ("月日（周）时分", "12月1日（周二）20:05"),
        ("星期", "星期二"),
        ("第几周", "第49周"),
        ("iso", "2026-12-01"),
    ],
)
def test_dates_are_written_in_chinese(form: str, expected: str) -> None:
    assert filters.chinese_date(_MOMENT, form) == expected


def test_a_date_is_not_made_of_what_is_none() -> None:
    assert filters.chinese_date(_DAY) == "2026年12月1日"
    for value in ("2026-12-01", None, 5):
        with pytest.raises(FilterArgumentError):
            filters.chinese_date(value)


def test_days_are_reckoned_within_the_calendar() -> None:
    assert filters.days(_DAY, -1).isoformat()[:10] == "2026-11-30"
    with pytest.raises(FilterArgumentError):
        filters.days(_DAY, 10**9)


def test_chars_cuts_by_characters_the_mark_of_it_included() -> None:
    assert filters.chars("一二三四", 4) == "一二三四"
    assert filters.chars("一二三四五", 4) == "一二三…"
    with pytest.raises(FilterArgumentError):
        filters.chars("abc", 0)


def test_numbers_and_texts() -> None:
    assert filters.money(1234.5) == "1,234.50"
    assert filters.money(1234, 0) == "1,234"
    assert filters.rounded(2.345, 2) == 2.35 or filters.rounded(2.345, 2) == 2.34
    assert filters.rounded("2.0") == 2
    assert filters.lines(" a \n\nb") == ["a", "b"]
    assert filters.split("a, b") == ["a", "b"]
    assert filters.replace("a-b", "-", "+") == "a+b"


@pytest.mark.parametrize(
    ("call", "given"),
    [
        (filters.money, ("x",)),
        (filters.money, (True,)),
        (filters.split, ("a", "")),
        (filters.replace, ("a", "", "b")),
        (filters.replace, ("a" * 1_000, "a", "b" * 1_000)),
    ],
)
def test_what_would_grow_or_means_nothing_is_refused(call: Any, given: tuple[Any, ...]) -> None:
    with pytest.raises(FilterArgumentError):
        call(*given)


def test_markdown_is_taken_as_it_is_and_what_the_template_wrote_too() -> None:
    assert isinstance(filters.markdown("**a**"), Raw)
    written = Markup("x")
    assert filters.markdown(written) is written


def test_what_reaches_for_more_than_values_is_no_filter() -> None:
    assert not {"attr", "format", "center", "indent", "pprint", "tojson", "xmlattr"} & set(FILTERS)
