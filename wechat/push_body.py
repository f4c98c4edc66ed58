import json
import math
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

_MAX_DEPTH = 16
_MAX_NODES = 5_000


class PushUnreadable(Exception):
    """A body that is neither XML nor JSON as WeChat sends it."""


def read_push(body: bytes) -> dict[str, Any]:
    """A push as a table: elements by name, those that come several times as a list.

    XML and JSON give the same table, with one difference: all values of XML are texts. The caller
    bounds the size. Raises PushUnreadable, for a DTD or an entity too.
    """
    table = _read_json(body) if body.lstrip()[:1] == b"{" else _read_xml(body)
    if not isinstance(table, dict):
        raise PushUnreadable("not a table of fields")
    return table


def _read_json(body: bytes) -> Any:
    try:
        table = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise PushUnreadable("not JSON") from None
    _Budget().check(table, 0)
    # Half a surrogate pair passes as JSON and cannot be written as UTF-8.
    return json.loads(json.dumps(table, ensure_ascii=False).encode("utf-8", "replace"))


def _read_xml(body: bytes) -> Any:
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise PushUnreadable("not plain XML") from None
    return _Budget().table(root, 0)


def _refuse(_name: str) -> Any:
    raise ValueError


class _Budget:
    """What may still be built: nobody's push has thousands of fields."""

    def __init__(self) -> None:
        self._left = _MAX_NODES

    def _spend(self, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise PushUnreadable("too many fields, or too deep")

    def table(self, element: Element, depth: int) -> Any:
        """An element without children is its text."""
        self._spend(depth)
        if not len(element):
            return element.text or ""
        found: dict[str, Any] = {}
        for child in element:
            value, name = self.table(child, depth + 1), str(child.tag)
            if name not in found:
                found[name] = value
            elif isinstance(found[name], list):
                found[name].append(value)
            else:
                found[name] = [found[name], value]
        return found

    def check(self, value: Any, depth: int) -> None:
        """The same bounds for what came as JSON."""
        self._spend(depth)
        if isinstance(value, float) and not math.isfinite(value):
            raise PushUnreadable("a number without bounds")  # 1e999: no database takes it
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                self.check(inner, depth + 1)
