"""Literal values for `var()` and simple `calc()`: WeChat knows neither.

Source: www.w3.org/TR/css-variables-1, section 3, of which cycles and blow-ups end here as lost.
"""

import re
from collections.abc import Mapping

_MAX_CHARS = 1_000
_MAX_DEPTH = 16
_CALL = re.compile(r"\bvar\(\s*(--[\w-]+)\s*(,)?")
_PRODUCT = re.compile(
    r"calc\(\s*([\d.]+)([a-z%]*)\s*([*/])\s*([\d.]+)([a-z%]*)\s*\)", re.IGNORECASE
)


class ValueLost(ValueError):
    """A custom property that nobody set, or one that needs itself."""


def literal(value: str, properties: Mapping[str, str]) -> str:
    """`value` with every `var()` replaced; raises ValueLost."""
    return _PRODUCT.sub(_multiplied, _resolved(value, properties, 0)).strip()


def _resolved(value: str, properties: Mapping[str, str], depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise ValueLost
    out, at = [], 0
    while found := _CALL.search(value, at):
        end = _closing(value, found.end())
        fallback = value[found.end() : end] if found.group(2) else None
        inner = properties.get(found.group(1), fallback)
        if inner is None:
            raise ValueLost
        out += [value[at : found.start()], _resolved(inner, properties, depth + 1).strip()]
        if sum(map(len, out)) > _MAX_CHARS:
            raise ValueLost
        at = end + 1
    return "".join(out) + value[at:]


def _closing(value: str, start: int) -> int:
    open_ = 1
    for at in range(start, len(value)):
        open_ += {"(": 1, ")": -1}.get(value[at], 0)
        if not open_:
            return at
    raise ValueLost


def _multiplied(found: re.Match[str]) -> str:
    left, unit, sign, right, other_unit = found.groups()
    try:
        number = float(left) * float(right) if sign == "*" else float(left) / float(right)
    except (ValueError, ZeroDivisionError):
        return found.group()
    return f"{number:.4g}{unit or other_unit}"
