"""TeX → SVG, drawn by ziamath (the extra `math`)."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from types import ModuleType
from xml.etree import ElementTree as ET

from content.markdown.chemistry import chemistry_to_tex
from content.markdown.outlines import OutlineUnknown, Segment, outline, path_data

MAX_TEX_CHARS = 2_000

_CJK = "\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_CJK_RUN = re.compile(f"[{_CJK}]+")
_PIECE = re.compile(rf"[{_CJK}]+|\s+|[^{_CJK}\s]+")
_CJK_TEXT = re.compile(
    rf"\\(?:text|textrm|textsf|textbf|mbox|mathrm|mathbf)\{{([^{{}}]*[{_CJK}][^{{}}]*)\}}"
)
_TEXT_SPACE = re.compile(r"(?:\\ |~|(\\text\{)\s+)")
_TAG = re.compile(r"\\tag\*?\{([^{}]*)\}")
_CE = re.compile(r"\\(?:ce|cf)\s*\{")
_UNKNOWN = re.compile(r">(\\[A-Za-z]+)<")  # in MathML: a command that was taken for a name
_NO_GLYPH = re.compile("[\ue000-\uf8ff\U0001f000-\U0001ffff]|\\\\unicode")  # drawn as a box
_COLOR = re.compile(r"#[0-9a-fA-F]{3,6}|[a-z]{3,20}")

_SIZE_PX = 16
_UNIT = 20  # 320 to the em: 1/20 px of a reader's text
_MAX_EM = 120
_MAX_CHARS = 60_000
# The font of ziamath has no Chinese, readers' have: in the place of each run it draws helms, which
# are as wide as Chinese characters, in a colour that says which run; a `<text>` takes their place.
_HELM = "\u2388"
_HELM_WIDTH = 0.96  # of its size, in STIX Two Math


class FormulaWrong(Exception):
    """The formula cannot be drawn."""


class MathMissing(Exception):
    """ziamath is not installed."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A drawn formula; lengths in em of the text around it."""

    inner: str  # of the `<svg>`
    box: tuple[int, int, int, int]  # its viewBox
    width: float
    height: float
    depth: float  # below the base line

    @property
    def style(self) -> str:
        """How it stands in a line of text."""
        return (
            f"width:{self.width:.3g}em;height:{self.height:.3g}em;"
            f"vertical-align:{-self.depth:.3g}em"
        )

    @property
    def svg(self) -> str:
        """An element for HTML, in the colour of the text."""
        box = " ".join(map(str, self.box))
        return f'<svg viewBox="{box}" style="{self.style}" fill="currentColor">{self.inner}</svg>'

    def drawing(self, scale: float) -> str:
        """A whole SVG file, in black, `scale` times the size of text."""
        box = " ".join(map(str, self.box))
        width, height = (round(em * _SIZE_PX * scale, 2) for em in (self.width, self.height))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="{box}">{self.inner}</svg>'
        )


@lru_cache(maxsize=256)
def draw_formula(tex: str, *, display: bool) -> Formula:
    """Draw `tex`; raises FormulaWrong and MathMissing, and whatever the libraries do."""
    if len(tex) > MAX_TEX_CHARS or _NO_GLYPH.search(tex):
        raise FormulaWrong
    library = load_library()
    chinese: list[str] = []
    tex = _TAG.sub(r"\\qquad\\text{(\1)}", _with_chemistry(tex))
    if _CJK_RUN.search(tex):
        # A space of text would give the character before it the colour of the space.
        tex = _TEXT_SPACE.sub(r"\\;\1", _open_texts(tex))
        tex = _CJK_RUN.sub(lambda run: _place(run[0], chinese), tex)
    mathml = library.tex2mml(tex, inline=not display)
    if _UNKNOWN.search(mathml):
        raise FormulaWrong
    return _compact(library.Math(mathml, _SIZE_PX).svgxml(), chinese)


@cache
def load_library() -> ModuleType:
    """The library, 0.2 s the first time; raises MathMissing."""
    try:
        import ziamath
    except ImportError:
        raise MathMissing from None
    library: ModuleType = ziamath.zmath
    library.config.svg2 = False  # no <use>: WeChat drops it
    return library


def _with_chemistry(tex: str) -> str:
    while found := _CE.search(tex):
        depth, end = 1, found.end()
        while depth:
            if end == len(tex):
                raise FormulaWrong
            depth += {"{": 1, "}": -1}.get(tex[end], 0)
            end += 1
        plain = chemistry_to_tex(tex[found.end() : end - 1])
        if plain is None:
            raise FormulaWrong
        tex = f"{tex[: found.start()]}{{{plain}}}{tex[end:]}"
    return tex


def _open_texts(tex: str) -> str:
    r"""`\text{若 x}` as `{若\;\text{x}}`: Chinese outside of text commands."""

    def reopen(found: re.Match[str]) -> str:
        return "{" + "".join(map(_reopened, _PIECE.findall(found[1]))) + "}"

    return _CJK_TEXT.sub(reopen, tex)


def _reopened(piece: str) -> str:
    if piece.isspace():
        return r"\;"
    return piece if _CJK_RUN.match(piece) else rf"\text{{{piece}}}"


def _place(run: str, chinese: list[str]) -> str:
    chinese.append(run)
    return rf"{{\textcolor{{#0000{len(chinese):02x}}}{{\text{{{_HELM * len(run)}}}}}}}"


def _compact(svg: ET.Element, chinese: list[str]) -> Formula:
    """The drawing of ziamath with a path for each colour."""
    x, y, width, height = (float(part) for part in (svg.get("viewBox") or "").split())
    if not 0 < width < _MAX_EM * _SIZE_PX or not 0 < height < _MAX_EM * _SIZE_PX:
        raise FormulaWrong
    filled: dict[str, list[Segment]] = {}
    pieces: list[str] = []
    for element in svg.iter():
        if element.tag in ("svg", "g"):
            continue
        segments = outline(element, _UNIT)
        stroke = element.get("stroke", "none")
        if stroke != "none":
            pieces.append(_line(segments, stroke, float(element.get("stroke-width", "1"))))
        else:
            filled.setdefault(element.get("fill", "black"), []).extend(segments)
    for number, run in enumerate(chinese, 1):
        pieces.append(_text(run, filled.pop(f"#0000{number:02x}", [])))
    pieces += [f'<path{_paint("fill", fill)} d="{path_data(d)}"/>' for fill, d in filled.items()]
    inner = "".join(pieces)
    if len(inner) > _MAX_CHARS:
        raise FormulaWrong
    left, top = round(x * _UNIT), round(y * _UNIT)
    return Formula(
        inner=inner,
        box=(left, top, round(width * _UNIT), round(height * _UNIT)),
        width=width / _SIZE_PX,
        height=height / _SIZE_PX,
        depth=(y + height) / _SIZE_PX,
    )


def _line(segments: list[Segment], stroke: str, width: float) -> str:
    paint = _paint("stroke", stroke) or ' stroke="currentColor"'
    return (
        f'<path fill="none"{paint} stroke-width="{width * _UNIT:.3g}" d="{path_data(segments)}"/>'
    )


def _text(run: str, helms: list[Segment]) -> str:
    reference = _helm()
    if len(helms) != len(reference) * len(run):
        raise FormulaWrong
    left, _, top, bottom = _bounds(helms)
    left_margin, _, above, below = _bounds(reference)
    size = (bottom - top) / (below - above)  # 1: as the reference, at the size of the text
    x, y = left - left_margin * size, bottom - below * size
    font_size = _HELM_WIDTH * _SIZE_PX * _UNIT * size
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{font_size:.0f}">{escape(run)}</text>'


@cache
def _helm() -> list[Segment]:
    library = load_library()
    svg = library.Math(library.tex2mml(rf"\text{{{_HELM}}}"), _SIZE_PX).svgxml()
    path = svg.find("path")
    assert path is not None  # noqa: S101 - a glyph of the font that comes with ziamath
    return outline(path, _UNIT)


def _bounds(segments: list[Segment]) -> tuple[int, int, int, int]:
    """Left, right, top and bottom."""
    xs, ys = zip(*(point for _, points in segments for point in points), strict=True)
    return min(xs), max(xs), min(ys), max(ys)


def _paint(name: str, color: str) -> str:
    """The attribute for a colour; nothing for the colour of the text."""
    if color == "black":
        return ""
    if not _COLOR.fullmatch(color):
        raise OutlineUnknown(color)
    return f' {name}="{color}"'
