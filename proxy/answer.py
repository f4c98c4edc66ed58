import codecs
import json
import math
import re
from typing import Any

import orjson

_ERRCODE = re.compile(rb'"errcode"\s*:\s*(-?\d+)')


class NotJson(ValueError):
    """A body that is not one JSON object, or whose meaning two parsers could differ about."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of `body`, strictly: no NaN, no name twice. Raises NotJson.

    Raw control characters inside of texts are let pass: WeChat sends them.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return read_exactly(body)
    if not isinstance(value, dict):
        raise NotJson("not an object")
    if body.count(b'"errcode"') > 1:
        read_exactly(body)  # orjson takes the last of two; only one that says so may count
    return value


def read_exactly(body: bytes) -> dict[str, Any]:
    """As `read_object`, slower: integers of any size, and every name twice is found."""
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            strict=False,
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as exc:
        raise NotJson(type(exc).__name__) from None
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("a name stands there twice")
    return found


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise NotJson(text)
    return number


def _no_constant(name: str) -> Any:
    raise NotJson(name)


def errcode_of(answer: dict[str, Any]) -> int:
    """The object's errcode; absent is 0 (WeChat's data answers have none). Raises NotJson."""
    errcode = answer.get("errcode", 0)
    if not isinstance(errcode, int) or isinstance(errcode, bool):
        raise NotJson("errcode is not a number")
    return errcode


def sniff_errcode(body: bytes) -> int:
    """The errcode of an answer that is passed on, 0 if it has none or is not JSON.

    Costs a search; the body is parsed only when there is an errcode other than 0 to confirm.
    """
    found = _ERRCODE.search(body)
    if found is None or int(found.group(1)[:20]) == 0:
        return 0
    try:
        return errcode_of(read_object(body))
    except NotJson:
        return 0


def is_object(head: bytes, *, complete: bool) -> bool:
    """Whether a body that begins with `head` looks like a JSON object; only its ends are read."""
    if head[:1] == b"{" and (not complete or head[-1:] == b"}"):
        return True
    text = head.removeprefix(codecs.BOM_UTF8).strip()
    return text.startswith(b"{") and (not complete or text.endswith(b"}"))
