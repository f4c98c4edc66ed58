"""The filters that templates have: a short list, each of which takes linear time."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from jinja2.exceptions import FilterArgumentError
from jinja2.filters import FILTERS as JINJA
from markupsafe import Markup

_TAKEN = (
    "abs", "capitalize", "count", "d", "default", "first", "float", "groupby", "int",
    "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "reverse", "select", "selectattr", "sort", "sum", "title", "trim", "unique",
    "upper", "urlencode",
)  # fmt: skip
_MAX_SPLIT = 1_000
_MAX_TEXT_CHARS = 100_000
_WEEKDAYS = "一二三四五六日"


class Raw(str):
    """A value that is Markdown, not a text to be shown as it was typed."""

    __slots__ = ()


def markdown(value: Any) -> Markup | Raw:
    """`value` as Markdown; what a template wrote itself is that already."""
    return value if isinstance(value, Markup) else Raw(value)


def chars(value: Any, length: int, end: str = "…") -> str:
    """At most `length` characters of a text, `end` among them where some are left out."""
    text = str(value)
    if length < len(end):
        raise FilterArgumentError("chars: the length is too short")
    return text if len(text) <= length else text[: length - len(end)] + end


def chinese_date(value: Any, form: str = "年月日") -> str:
    """A date in Chinese: 年月日 2026年12月1日, 月日 12月1日, 星期 星期二, 周 周二, 时分 20:00.

    In `form` each of these words is replaced, the longest first, so that "月日（周）" is
    12月1日（周二）; "iso" is 2026-12-01.
    """
    day = _day(value)
    if form == "iso":
        return day.date().isoformat()
    words = {
        "年月日": f"{day.year}年{day.month}月{day.day}日",
        "年月": f"{day.year}年{day.month}月",
        "月日": f"{day.month}月{day.day}日",
        "星期": f"星期{_WEEKDAYS[day.weekday()]}",
        "时分": f"{day.hour:02}:{day.minute:02}",
        "第几周": f"第{day.isocalendar().week}周",
        "周": f"周{_WEEKDAYS[day.weekday()]}",
    }
    written = str(form)[:100]
    for index, word in enumerate(words):
        written = written.replace(word, f"\x00{index}\x00")
    for index, told in enumerate(words.values()):
        written = written.replace(f"\x00{index}\x00", told)
    return written


def days(value: Any, count: int) -> date:
    """The day so many days later; negative: earlier."""
    try:
        return _day(value) + timedelta(days=int(count))
    except OverflowError:
        raise FilterArgumentError("days: too far away") from None


def money(value: Any, digits: int = 2) -> str:
    """1234.5 as 1,234.50."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FilterArgumentError("money: not a number")
    return f"{value:,.{min(max(int(digits), 0), 6)}f}"


def rounded(value: Any, digits: int = 0) -> float:
    """A number with so many digits after the point."""
    number = round(float(value), min(max(int(digits), 0), 6))
    return int(number) if number.is_integer() else number


def lines(value: Any) -> list[str]:
    """The lines of a text that are not empty."""
    return [line.strip() for line in str(value).splitlines() if line.strip()]


def split(value: Any, separator: str = ",") -> list[str]:
    """The parts of a text, without the spaces around them."""
    if not separator:
        raise FilterArgumentError("split: no separator")
    return [part.strip() for part in str(value).split(separator, _MAX_SPLIT)]


def replace(value: Any, old: str, new: str) -> str:
    """A text with `new` in the place of each `old`."""
    text, old, new = str(value), str(old), str(new)
    if not old or len(text) + text.count(old) * len(new) > _MAX_TEXT_CHARS:
        raise FilterArgumentError("replace: nothing to replace, or too long a text")
    return text.replace(old, new)


def _day(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day in Shanghai
    raise FilterArgumentError("not a date")


_OWN: Iterable[tuple[str, Callable[..., Any]]] = (
    ("markdown", markdown),
    ("chars", chars),
    ("date", chinese_date),
    ("days", days),
    ("money", money),
    ("round", rounded),
    ("lines", lines),
    ("split", split),
    ("replace", replace),
)
FILTERS: dict[str, Callable[..., Any]] = {name: JINJA[name] for name in _TAKEN} | dict(_OWN)
