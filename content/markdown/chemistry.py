r"""What mhchem's `\ce{…}` means in plain TeX, for what is common in articles.

Formulas, charges, isotopes, bonds, states, arrows with conditions: `2H2 + O2 ->[点燃] 2H2O`,
`SO4^2-`, `^{14}_{6}C`, `Na+`, `CuSO4.5H2O`, `BaSO4 v`.
Source: mhchem.github.io/MathJax-mhchem, from memory, 2026-11.
"""

import re

_ARROWS = {
    "<=>": r"\rightleftharpoons",
    "<->": r"\leftrightarrow",
    "<-": r"\leftarrow",
    "->": r"\rightarrow",
}
_FORMS = {
    **dict.fromkeys(("up", "charge", "ion"), "^{{{0}}}"),
    **dict.fromkeys(("down", "index", "count"), "_{{{0}}}"),
    "text": r"\text{{{0}}}",
    "command": "{0} ",
    "dot": r"\cdot ",
    "triple": r"\equiv ",
    "space": r"\;",
    "plus": "+",
    "gas": r"\uparrow ",
    "solid": r"\downarrow ",
}
_TOKEN = re.compile(
    r"\s*+(?P<arrow><=>|<->|->|<-)(?:\[(?P<over>[^\[\]]*)\])?(?:\[(?P<under>[^\[\]]*)\])?\s*+"
    r"|\s++(?P<plus>\+)\s++"
    r"|(?<!\S)(?:(?P<solid>v)|(?P<gas>\^))(?!\S)"
    r"|\^(?:\{(?P<up>[^{}]*)\}|(?P<charge>\d*[+-]|\d+))"
    r"|_(?:\{(?P<down>[^{}]*)\}|(?P<index>\d+))"
    r"|(?<=[A-Za-z0-9)\]}])(?P<ion>[+-])(?![A-Za-z0-9(\[])"
    r"|(?<=[A-Za-z)\]])(?P<count>\d+)"
    r"|(?P<top>\d+)/(?P<bottom>\d+)"
    r"|(?P<text>[A-Za-z\u3400-\u9fff]+)"
    r"|(?P<number>\d+)|(?P<command>\\[A-Za-z]+)|(?P<space>\s+)"
    r"|(?P<dot>[*.·])|(?P<triple>\#)|(?P<sign>[-+=()\[\],])"
)


def chemistry_to_tex(text: str) -> str | None:
    r"""The TeX for the inside of a `\ce{…}`; None for what is not known here."""
    out: list[str] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        out.append(_tex(found))
        at = found.end()
    return "".join(out)


def _tex(found: re.Match[str]) -> str:
    part = {name: value for name, value in found.groupdict().items() if value is not None}
    if "arrow" in part:
        return _arrow(part["arrow"], part.get("over", ""), part.get("under", ""))
    if "top" in part:
        return rf"\frac{{{part['top']}}}{{{part['bottom']}}}"
    ((name, value),) = part.items()
    return _FORMS.get(name, "{0}").format(value)


def _arrow(arrow: str, over: str, under: str) -> str:
    above, below = (chemistry_to_tex(text) or rf"\text{{{text}}}" for text in (over, under))
    if arrow == "->" and over:
        return rf"\xrightarrow[{below}]{{{above}}}" if under else rf"\xrightarrow{{{above}}}"
    symbol = _ARROWS[arrow]
    if over:
        symbol = rf"\overset{{{above}}}{{{symbol}}}"
    if under:
        symbol = rf"\underset{{{below}}}{{{symbol}}}"
    return symbol + " "
