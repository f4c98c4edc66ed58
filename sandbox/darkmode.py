"""What WeChat's readers see in dark mode: the colours of an article turned as its app turns them.

Source: github.com/wechatjs/mp-darkmode, src/modules/{sdk,color,constant}.ts, read 2026-11. Left
out: background pictures, gradients, `-webkit-text-*`, the first-screen order.
"""

import colorsys
import re
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

RGB = tuple[float, float, float]

PAGE: RGB = (25, 25, 25)
LIGHT_TEXT: RGB = (25, 25, 25)
WHITE: RGB = (255, 255, 255)
_WHITE_LIKE, _MAX_BACKGROUND, _MIN_OFFSET, _BRIGHT_BACKGROUND = 250, 190, 65, 100
_HIGH_LIGHTNESS, _LOW_LIGHTNESS, _IGNORED_ALPHA = 0.40, 0.22, 0.05
_MAX_OFFSET = 255 - 25

_COLOR = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)|(?<![\w-])(?:white|black|red|transparent)(?![\w-])"
)
_NAMED = {"white": WHITE, "black": (0.0, 0.0, 0.0), "red": (255.0, 0.0, 0.0)}
_BACKGROUNDS = ("background", "background-color")


@dataclass(frozen=True, slots=True)
class _Place:
    """What an element inherits for the algorithm."""

    background: RGB = PAGE  # as shown in the dark
    text: RGB = LIGHT_TEXT  # as written


def darken(html: str) -> str:
    """`html` with its inline colours as dark mode shows them, on a page of #191919."""
    tree = LexborHTMLParser(html, is_fragment=True)
    todo: list[tuple[LexborNode | None, _Place]] = [(tree.root, _Place())]
    while todo:
        node, place = todo.pop()
        if node is None:
            continue
        todo.append((node.next, place))
        if node.is_element_node:
            todo.append((node.first_child, _convert(node, place)))
    return tree.html or ""


def parse_color(text: str) -> tuple[RGB, float] | None:
    """The colour and its alpha that a CSS notation means; None for one not known here."""
    if text.startswith("#"):
        digits = text[1:]
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) not in (6, 8):
            return None
        red, green, blue, *alpha = bytes.fromhex(digits)
        return (red, green, blue), alpha[0] / 255 if alpha else 1.0
    if text.startswith("rgb"):
        numbers = [float(one) for one in re.findall(r"[\d.]+", text)]
        if len(numbers) < 3:
            return None
        return (numbers[0], numbers[1], numbers[2]), numbers[3] if len(numbers) > 3 else 1.0
    return (_NAMED[text], 1.0) if text in _NAMED else None


def blend(under: RGB, over: RGB, alpha: float) -> RGB:
    """`over` seen on `under`."""
    red, green, blue = (low + (high - low) * alpha for low, high in zip(under, over, strict=True))
    return red, green, blue


def _convert(node: LexborNode, place: _Place) -> _Place:
    style = node.attributes.get("style") or ""
    pairs = [part.partition(":")[::2] for part in style.split(";") if ":" in part]
    says_color = any(name.strip() == "color" for name, _ in pairs)
    made: list[str] = []
    # Backgrounds first: texts and borders are turned against them.
    for name, value in sorted(pairs, key=lambda pair: pair[0].strip() not in _BACKGROUNDS):
        kind = name.strip()
        turned, place = _turn(kind, value, place)
        made.append(f"{kind}:{turned}")
        if kind in _BACKGROUNDS and _COLOR.search(value) and not says_color:
            made.append(f"color:{_css(_text(place.text, 1, place.background), 1)}")
    if made:
        node.attrs["style"] = ";".join(made)
    return place


def _turn(name: str, value: str, place: _Place) -> tuple[str, _Place]:
    after = place

    def turn(found: re.Match[str]) -> str:
        nonlocal after
        parsed = parse_color(found.group())
        if parsed is None:
            return found.group()
        color, alpha = parsed
        ignored = alpha < _IGNORED_ALPHA
        if name in _BACKGROUNDS:
            shown = color if ignored else _background(color, alpha, place.background)
            after = replace(after, background=blend(place.background, shown, alpha))
        elif name == "color":
            shown = color if ignored else _text(color, alpha, place.background)
            after = replace(after, text=color)
        elif name.startswith(("border", "box-shadow", "text-decoration")):
            shown = color if ignored else _text(color, alpha, place.background)
        else:
            return found.group()
        return _css(shown, alpha)

    return _COLOR.sub(turn, value), after


def _background(color: RGB, alpha: float, under: RGB) -> RGB:
    mixed = blend(under, color, alpha)
    hue, light, saturation = colorsys.rgb_to_hls(*(one / 255 for one in mixed))
    shown = mixed
    if (round(saturation, 4) == 0 and light > _HIGH_LIGHTNESS) or _brightness(mixed) > _WHITE_LIKE:
        grey = min(1.0, 1 + PAGE[0] / 255 - light) * 255
        shown = (grey, grey, grey)
    elif _brightness(mixed) > _MAX_BACKGROUND:
        shown = _at_brightness(_MAX_BACKGROUND, mixed)
    elif light < _LOW_LIGHTNESS:
        shown = _from_hls(hue, _LOW_LIGHTNESS, saturation)
    return _front(shown, under, alpha)


def _text(color: RGB, alpha: float, under: RGB, *, inverted: bool = False) -> RGB:
    mixed = color if inverted else blend(under, color, alpha)
    ours, theirs = _brightness(mixed), _brightness(under)
    offset = abs(theirs - ours)
    if ours >= _WHITE_LIKE:
        return _front(color, under, alpha) if inverted else color
    if offset > _MAX_OFFSET and theirs <= _brightness(PAGE) + 2:
        return _front(_at_brightness(_MAX_OFFSET + theirs, mixed), under, alpha)
    if offset >= _MIN_OFFSET:
        return _front(color, under, alpha) if inverted else color
    hue, light, saturation = colorsys.rgb_to_hls(*(one / 255 for one in mixed))
    bright = theirs >= _BRIGHT_BACKGROUND
    if (light > 0.9 - _HIGH_LIGHTNESS) if bright else (light <= _HIGH_LIGHTNESS):
        return _text(_from_hls(hue, 0.9 - light, saturation), alpha, under, inverted=True)
    target = theirs - _MIN_OFFSET if bright else theirs + _MIN_OFFSET
    return _front(_at_brightness(min(_MAX_OFFSET, target), mixed), under, alpha)


def _front(shown: RGB, under: RGB, alpha: float) -> RGB:
    """The colour that looks like `shown` where it lies on `under` with `alpha`."""
    red, green, blue = (
        min(255.0, max(0.0, one + (1 - alpha) * (one - low) / alpha))
        for one, low in zip(shown, under, strict=True)
    )
    return red, green, blue


def _brightness(color: RGB) -> float:
    return (color[0] * 299 + color[1] * 587 + color[2] * 114) / 1000


def _at_brightness(target: float, color: RGB) -> RGB:
    ratio = target / (_brightness(color) or 1)
    red, green, blue = (min(255, one * ratio) for one in color)
    if green == 0 or red == 255 or blue == 255:
        green = (target * 1000 - red * 299 - blue * 114) / 587
    elif red == 0:
        red = (target * 1000 - green * 587 - blue * 114) / 299
    elif blue == 0 or green == 255:
        blue = (target * 1000 - red * 299 - green * 587) / 114
    return min(255, red), min(255, green), min(255, blue)


def _from_hls(hue: float, light: float, saturation: float) -> RGB:
    red, green, blue = colorsys.hls_to_rgb(hue, light, saturation)
    return red * 255, green * 255, blue * 255


def _css(color: RGB, alpha: float) -> str:
    numbers = ",".join(f"{max(0, min(255, round(one)))}" for one in color)
    return f"rgb({numbers})" if alpha == 1 else f"rgba({numbers},{alpha:g})"
