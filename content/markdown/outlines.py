"""Outlines of glyphs, written short.

ziamath writes an absolute path with three decimals for each glyph, 5–12 KB for a formula; as one
path of whole numbers, relative to each other, it is a quarter of that.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

_TOKEN = re.compile(r"[A-Za-z]|-?\d*\.?\d+(?:e-?\d+)?")
_BOX = ("x", "y", "width", "height")
_POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3}

Point = tuple[int, int]
Segment = tuple[str, list[Point]]  # a command and its absolute points


class OutlineUnknown(Exception):
    """The drawing holds something other than paths and rectangles."""


def outline(element: ET.Element, unit: float) -> list[Segment]:
    """The outline of a `<path>` or `<rect>` on a grid of 1/`unit`; raises OutlineUnknown."""
    if element.tag == "rect":
        x, y, width, height = (float(element.get(name, "0")) for name in _BOX)
        left, top = round(x * unit), round(y * unit)
        right, bottom = round((x + width) * unit), max(top + 1, round((y + height) * unit))
        # In the direction of a glyph's outer contour: where they overlap, no hole may be.
        corners = [(right, top), (right, bottom), (left, bottom)]
        return [("M", [(left, top)]), *(("L", [corner]) for corner in corners), ("Z", [])]
    if element.tag == "path":
        return list(_segments(element.get("d", ""), unit))
    raise OutlineUnknown(element.tag)


def _segments(d: str, unit: float) -> Iterator[Segment]:
    tokens = iter(_TOKEN.findall(d))
    for command in tokens:
        if command == "Z":
            yield command, []
            continue
        if command not in _POINTS:
            raise OutlineUnknown(command)
        numbers = [round(float(next(tokens)) * unit) for _ in range(2 * _POINTS[command])]
        yield command, list(zip(numbers[::2], numbers[1::2], strict=True))


def path_data(segments: Iterable[Segment]) -> str:
    """`segments` as the `d` of a path, relative and without what can be left out."""
    out: list[str] = []
    at = start = (0, 0)
    for command, points in segments:
        if command == "Z":
            out.append("z")
            at = start
            continue
        if command == "M":
            start = points[0]
        relative = [(x - at[0], y - at[1]) for x, y in points]
        at = points[-1]
        if command == "L":
            out.append(_line(*relative[0]))
        else:
            out.append(command.lower() + _numbers(n for point in relative for n in point))
    return "".join(out)


def _line(dx: int, dy: int) -> str:
    if dx and dy:
        return "l" + _numbers((dx, dy))
    return f"h{dx}" if dx else f"v{dy}" if dy else ""


def _numbers(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers)).replace(" -", "-")
