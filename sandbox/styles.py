import re

# Reported to be lost or to break the layout (wechat-api.md, section 9).
_DEAD_PROPERTIES = re.compile(
    r"(?:-webkit-)?(?:position|animation|transition)(?:-.*)?|--.*|behavior"
)
_DEAD_VALUES = re.compile(r"(?i)\bvar\(|gradient\(|expression\(|javascript:|!\s*important\s*$")
_URL = re.compile(r"""(?i)url\(\s*["']?([^"')]*)""")
# Splits at a semicolon outside of quotes and brackets.
_DECLARATION = re.compile(r"""(?:[^;"'(]|"[^"]*"|'[^']*'|\([^)]*\)?|["'])+""")
_HEX = re.compile(r"#([0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b")


def clean_style(style: str, image_host: re.Pattern[str]) -> str:
    """The declarations of a `style` attribute that WeChat keeps, colours written as rgb()."""
    kept = []
    for declaration in _DECLARATION.findall(style):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not value or _DEAD_PROPERTIES.fullmatch(name):
            continue
        if _DEAD_VALUES.search(value) or not _own_urls(value, image_host):
            continue
        kept.append(f"{name}: {_HEX.sub(_as_rgb, value)};")
    return " ".join(kept)


def _own_urls(value: str, image_host: re.Pattern[str]) -> bool:
    return all(image_host.match(url) for url in _URL.findall(value))


def _as_rgb(found: re.Match[str]) -> str:
    digits = found.group(1)
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue, *alpha = bytes.fromhex(digits)
    if not alpha:
        return f"rgb({red}, {green}, {blue})"
    return f"rgba({red}, {green}, {blue}, {round(alpha[0] / 255, 3):g})"
