"""One spelling for what means the same, so that WeChat's way of writing is no change.

Source: wechat-api.md 3.3 (colours as rgb()), 9; the ways of addresses at mmbiz are observed.
"""

import re
from urllib.parse import urlsplit

from wechat.limits import IMAGE_HOSTS

_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b")
_SPACES = re.compile(r"\s+")
_AROUND = re.compile(r" ?([,()/:]) ?")
_ZERO = re.compile(r"\b0(?:\.0+)?(?:px|em|rem|pt|%)")
_POINT = re.compile(r"(?<![\d.])\.(\d)")
# Splits at a semicolon outside of quotes and brackets; nothing is tried twice.
_DECLARATION = re.compile(r"""(?:[^;"'(]++|"[^"]*+"?|'[^']*+'?|\([^)]*+\)?)++""")
_NAMED = {"black": "rgb(0,0,0)", "white": "rgb(255,255,255)", "transparent": "rgba(0,0,0,0)"}


def styles(style: str) -> dict[str, str]:
    """The declarations of a style attribute, by property; the last one counts."""
    found: dict[str, str] = {}
    for declaration in _DECLARATION.findall(style):
        name, colon, value = declaration.partition(":")
        if colon and value.strip():
            found[name.strip().lower()] = style_value(value)
    return found


def style_value(value: str) -> str:
    """A value in one spelling: colours as rgb(), no needless spaces, quotes and units."""
    plain = _SPACES.sub(" ", value.strip().lower()).replace('"', "").replace("'", "")
    plain = _POINT.sub(r"0.\1", _ZERO.sub("0", _HEX.sub(_as_rgb, plain)))
    plain = _AROUND.sub(r"\1", plain)
    return _NAMED.get(plain, plain)


def attribute(name: str, value: str) -> str:
    """An attribute's value in one spelling."""
    value = value.strip()
    return address(value) if name in ("src", "href") else _SPACES.sub(" ", value)


def address(url: str) -> str:
    """A URL without what WeChat writes its own way: the scheme, and at mmbiz size and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme not in ("http", "https"):
        return url
    if parts.netloc in IMAGE_HOSTS:
        return f"//{parts.netloc}{parts.path.rpartition('/')[0]}"
    return f"//{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _as_rgb(found: re.Match[str]) -> str:
    digits = found[1]
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, *alpha = bytes.fromhex(digits)
    if not alpha:
        return f"rgb({red},{green},{blue})"
    return f"rgba({red},{green},{blue},{round(alpha[0] / 255, 3):g})"
