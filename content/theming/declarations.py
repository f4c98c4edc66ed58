"""The value of a `style` attribute, read and written in its shortest form."""

import re
from collections.abc import Iterable, Iterator

Declarations = dict[str, str]  # in the order in which they count

# Splits at a semicolon outside of quotes and brackets; nothing is tried twice.
_DECLARATION = re.compile(r"""(?:[^;"'(]++|"[^"]*+"|'[^']*+'|\([^)]*+\)?|["'])++""")
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
_BOXES = ("margin", "padding")
_SIDES = ("top", "right", "bottom", "left")
_OWN = re.compile(r"border-(?:collapse|spacing|(?:[a-z]+-[a-z]+-)?radius)")  # not of `border`
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r"\s*(,)\s*|(?<=\()\s+|\s+(?=\))")
_ZERO = re.compile(r"(?<![\d.\w#-])0+(?=\.\d)")
_NO_UNIT = re.compile(r"(?<![\d.\w#-])0(?:px|em|rem|pt)(?![\w%])")
_DOUBLE_HEX = re.compile(r"#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3(?![0-9a-f])", re.IGNORECASE)
_HEX = re.compile(r"#[0-9A-Fa-f]{3,8}\b")


def read(style: str) -> Iterator[tuple[str, str]]:
    """The declarations of `style`: lower-case names and values, `!important` left out."""
    for part in _DECLARATION.findall(style):
        name, colon, value = part.partition(":")
        name, value = name.strip().lower(), _IMPORTANT.sub("", value.strip())
        if colon and name and value:
            yield name, short(name, value)


def gather(pairs: Iterable[tuple[str, str]]) -> Declarations:
    """What counts in the end: the last of each name; margins and paddings in one where they can."""
    counted: Declarations = {}
    for name, value in pairs:
        box, _, side = name.partition("-")
        if box in _BOXES and (side or _sides(value) is not None):
            _put_box(counted, box, side, value)
        else:
            for covered in [one for one in counted if _covers(name, one)]:
                del counted[covered]
            counted[name] = value
    for box in _BOXES:
        _join_box(counted, box)
    backgrounds = [name for name in counted if name.startswith("background")]
    if backgrounds == ["background-color"]:
        counted["background"] = counted.pop("background-color")  # shorter, and says the same
    return counted


def _covers(name: str, other: str) -> bool:
    """Whether `other` counts no more once `name` is said."""
    if name == "font" and other == "line-height":
        return True
    return other == name or (other.startswith(f"{name}-") and not _OWN.fullmatch(other))


def write(declarations: Declarations) -> str:
    """As the value of an attribute, not escaped."""
    return ";".join(f"{name}:{value}" for name, value in declarations.items())


def short(name: str, value: str) -> str:
    """`value` without what nobody needs to read it."""
    if "url(" in value.lower():
        return value  # an address is as it is
    value = _SPACE.sub(" ", value)
    if '"' in value:
        value = value.replace('"', "'")  # or each would be `&quot;` in the attribute
    value = _AROUND.sub(lambda found: found.group(1) or "", value)
    if "0" in value:
        value = _NO_UNIT.sub("0", _ZERO.sub("", value))
    if "#" in value:
        value = _DOUBLE_HEX.sub(r"#\1\2\3", _HEX.sub(lambda found: found.group().lower(), value))
    return "700" if name == "font-weight" and value.lower() == "bold" else value


def _sides(value: str) -> list[str] | None:
    parts = value.split(" ")
    if not 1 <= len(parts) <= 4 or "(" in value:
        return None
    top, right, bottom, left = (
        parts[0],
        parts[min(1, len(parts) - 1)],
        parts[2] if len(parts) > 2 else parts[0],
        parts[3] if len(parts) > 3 else parts[min(1, len(parts) - 1)],
    )
    return [top, right, bottom, left]


def _put_box(counted: Declarations, box: str, side: str, value: str) -> None:
    values = [value] if side else _sides(value) or []
    for name, each in zip([side] if side else _SIDES, values, strict=True):
        counted.pop(f"{box}-{name}", None)
        counted[f"{box}-{name}"] = each
    if not side:
        counted.pop(box, None)


def _join_box(counted: Declarations, box: str) -> None:
    names = [f"{box}-{side}" for side in _SIDES]
    if box in counted or not all(name in counted for name in names):
        return  # a shorthand that could not be read stands among them, or a side is open
    top, right, bottom, left = (counted.pop(name) for name in names)
    parts = [top, right, bottom, left]
    if right == left:
        parts.pop()
        if top == bottom:
            parts.pop()
            if top == right:
                parts.pop()
    counted[box] = " ".join(parts)
