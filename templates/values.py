"""Values for a template's variables: checked, and made what their types say.

What comes out is JSON again: dates as ISO 8601. Callers send text where they have nothing else (a
form, a CSV file), so that "3" is a good integer and "是" a good boolean.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic_core import ValidationError

from core.clock import SHANGHAI
from templates.errors import VariableInvalid
from templates.variables import Variable, VariableType, matcher

MAX_VALUES_BYTES = 65_536
_MAX_ITEMS = 200
_MAX_ITEM_FIELDS = 20
_MAX_TEXT_CHARS = 20_000
_MAX_URL_CHARS = 2_048
_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_MAX_INTEGER = 10**15
_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1", "是", "对"), True),
    **dict.fromkeys(("false", "no", "off", "0", "", "否", "不"), False),
}
_NOTHING: dict[VariableType, Any] = {
    "string": "",
    "text": "",
    "markdown": "",
    "enum": "",
    "image": "",
    "url": "",
    "boolean": False,
    "list": [],
}


class _Wrong(Exception):
    """Why a value does not do, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def values_of(
    variables: Iterable[Variable],
    given: Mapping[str, Any],
    *,
    template: str,
    at: float,
    examples: bool = False,
) -> dict[str, Any]:
    """A value for each variable; `at`: the Unix time that "today" and "now" mean.

    With `examples` those stand in for what is missing. Raises VariableInvalid, its field the path.
    """
    declared = {variable.name: variable for variable in variables}
    _check_names(declared, given, template)
    values = {}
    for name, variable in declared.items():
        try:
            values[name] = _value(variable, given.get(name), at, examples=examples)
        except _Wrong as wrong:
            _refuse(name, template, wrong)
    return values


def check_default(variable: Variable, template: str, at: float) -> None:
    """Raises VariableInvalid if its default or its example would be refused."""
    for value in (variable.default, variable.example):
        if value is not None:
            try:
                _made(variable, value, at)
            except _Wrong as wrong:
                _refuse(variable.name, template, wrong)


def _check_names(declared: Mapping[str, Variable], given: Mapping[str, Any], template: str) -> None:
    try:
        size = len(json.dumps(given, allow_nan=False))
    except ValueError:
        _refuse("…", template, _Wrong("含 NaN 或 Infinity", "there is a NaN or Infinity"))
    if size > 2 * MAX_VALUES_BYTES:  # escaped: at most 6 for each 3 bytes
        _refuse("…", template, _Wrong("所有变量合计过大", "the values are too large together"))
    for name in given:
        if name in declared:
            continue
        near = get_close_matches(name[:64], declared, 1)
        known = near or list(declared)[:20]
        zh, en = ("是不是", "did you mean") if near else ("可用的有", "there are")
        told = ", ".join(known) or "-"
        wrong = _Wrong(f"模板没有这个变量；{zh} {told}", f"the template has none; {en} {told}")
        _refuse(name[:64], template, wrong)


def _refuse(name: str, template: str, wrong: _Wrong) -> NoReturn:
    field = f"variables.{name}"
    raise VariableInvalid(
        field=field, name=name, template=template, zh=wrong.zh, en=wrong.en
    ) from None


def _value(variable: Variable, given: Any, at: float, *, examples: bool) -> Any:
    # An empty cell or field of a form says nothing, but for a text that may be empty.
    said = None if given == "" else given
    for value in (said, variable.default, variable.example if examples else None):
        if value is not None:
            return _made(variable, value, at)
    if variable.required:
        raise _Wrong("缺少，必须给出", "is missing, and required")
    return _NOTHING.get(variable.type)


def _made(variable: Variable, value: Any, at: float) -> Any:
    made = _MAKERS[variable.type](value, at)
    if variable.choices is not None and made not in variable.choices:
        allowed = ", ".join(variable.choices[:20])
        raise _Wrong(f"只能是 {allowed}", f"must be one of {allowed}")
    if variable.pattern is not None and isinstance(made, str):
        try:
            matcher(variable.pattern).validate_python(made)
        except ValidationError:
            raise _Wrong(f"应符合 {variable.pattern}", f"must match {variable.pattern}") from None
    _check_bounds(variable, made)
    return made


def _check_bounds(variable: Variable, made: Any) -> None:
    if isinstance(made, bool) or variable.type in ("date", "datetime"):
        return
    is_number = isinstance(made, int | float)
    size = made if is_number else len(made)
    zh, en = ("", "") if is_number else ("长度", "its length ")
    if variable.min is not None and size < variable.min:
        raise _Wrong(f"{zh}至少为 {variable.min:g}", f"{en}must be at least {variable.min:g}")
    if variable.max is not None and size > variable.max:
        raise _Wrong(f"{zh}至多为 {variable.max:g}", f"{en}must be at most {variable.max:g}")


def _text(value: Any, *, lines: bool = True) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and abs(value) < math.inf:
        value = str(value)
    if not isinstance(value, str):
        raise _Wrong("应为文本", "must be a text")
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > _MAX_TEXT_CHARS:
        raise _Wrong(f"超过 {_MAX_TEXT_CHARS} 个字符", f"is over {_MAX_TEXT_CHARS} characters")
    if any(_is_strange(char) for char in text):
        raise _Wrong("含控制字符或私用字符", "holds control or private characters")
    if not lines and "\n" in text:
        raise _Wrong("应为一行", "must be one line")
    return text


def _is_strange(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs", "Co", "Zl", "Zp")


def _string(value: Any, _at: float) -> str:
    return _text(value, lines=False)


def _long_text(value: Any, _at: float) -> str:
    return _text(value)


def _integer(value: Any, _at: float) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _MAX_INTEGER:
        raise _Wrong("应为整数", "must be a whole number")
    return value


def _number(value: Any, _at: float) -> float:
    if isinstance(value, str) and len(value) <= 32:
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong("应为数字", "must be a number")
    if abs(value) >= _MAX_INTEGER or not math.isfinite(value):
        raise _Wrong("数字过大", "is too large a number")
    return int(value) if float(value).is_integer() else value


def _boolean(value: Any, _at: float) -> bool:
    if isinstance(value, bool):
        return value
    said = _SWITCHES.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if said is None:
        raise _Wrong("应为 true 或 false", "must be true or false")
    return said


def _date(value: Any, at: float) -> str:
    if value == "today":
        return datetime.fromtimestamp(at, SHANGHAI).date().isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _Wrong("应为日期，如 2026-12-01", "must be a date, as 2026-12-01") from None


def _datetime(value: Any, at: float) -> str:
    if value == "now":
        return datetime.fromtimestamp(at, SHANGHAI).isoformat(timespec="seconds")
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=moment.tzinfo or SHANGHAI)
        return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError):
        raise _Wrong(
            "应为时间，如 2026-12-01T20:00+08:00", "must be a time, as 2026-12-01T20:00+08:00"
        ) from None


def _list(value: Any, at: float) -> list[Any]:
    if isinstance(value, str):
        value = _items_in(value)
    if not isinstance(value, list):
        raise _Wrong("应为列表", "must be a list")
    if len(value) > _MAX_ITEMS:
        raise _Wrong(f"超过 {_MAX_ITEMS} 项", f"has over {_MAX_ITEMS} items")
    return [_item(item, at) for item in value]


def _items_in(text: str) -> Any:
    """A JSON array as it is; else an item a line."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise _Wrong("不是合法的 JSON 列表", "is no valid JSON list") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _item(item: Any, at: float) -> Any:
    if not isinstance(item, dict):
        return _scalar(item, at)
    if len(item) > _MAX_ITEM_FIELDS:
        raise _Wrong("项的字段过多", "has an item with too many fields")
    return {_text(name, lines=False): _scalar(field, at) for name, field in item.items()}


def _scalar(value: Any, at: float) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value, at)
    return _text(value)


def _enum(value: Any, at: float) -> str:
    return _string(value, at)


def _image(value: Any, _at: float) -> str:
    text = _text(value, lines=False).strip()
    if not 0 < len(text) <= _MAX_URL_CHARS:
        raise _Wrong("应为图片的路径或网址", "must be the path or URL of a picture")
    return text


def _url(value: Any, _at: float) -> str:
    text = _text(value, lines=False).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    spaced = any(char.isspace() for char in text)
    if parts.scheme not in ("http", "https") or not parts.netloc or spaced:
        raise _Wrong("应为 http(s) 网址", "must be an http(s) URL")
    if len(text) > _MAX_URL_CHARS:
        raise _Wrong("网址过长", "is too long a URL")
    return text


_MAKERS: dict[VariableType, Callable[[Any, float], Any]] = {
    "string": _string,
    "text": _long_text,
    "markdown": _long_text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "list": _list,
    "enum": _enum,
    "image": _image,
    "url": _url,
}
