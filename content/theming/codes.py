"""Colours for code: twelve palettes of our own, and every style of Pygments by its name.

Ours keep a contrast of 4.5 also after WeChat's dark mode. Light backgrounds are grey, which it
inverts, and their colours dark enough to be inverted with them; dark backgrounds are just bright
enough (22 %) to be left alone. Few of Pygments' styles hold there.
"""

from typing import NamedTuple

from pygments.style import Style
from pygments.styles import STYLE_MAP, get_style_by_name
from pygments.token import (
    Comment,
    Generic,
    Keyword,
    Literal,
    Name,
    Number,
    Operator,
    String,
    Token,
)

from core.errors import Text


class Palette(NamedTuple):
    """One set of colours, by what they stand for."""

    title: Text
    background: str
    ink: str
    keyword: str
    string: str
    comment: str
    number: str
    function: str
    type: str
    attribute: str


# fmt: off
# ruff: noqa: E501 - a palette a line
PALETTES: dict[str, Palette] = {
    "default": Palette(Text("清简", "Plain"), "#f6f6f6", "#1d1f23", "#420f67", "#157947", "#526168", "#b6490a", "#0e367c", "#0e7581", "#791550"),
    "ivory": Palette(Text("象牙", "Ivory"), "#f5f5f5", "#1c1e22", "#7e2416", "#5b7314", "#71614b", "#4d2163", "#136eae", "#a25509", "#6c1b2f"),
    "meadow": Palette(Text("草甸", "Meadow"), "#f6f6f6", "#1d1f23", "#0e7e46", "#9a5511", "#56695c", "#1273a3", "#0e7a5f", "#3f7915", "#4f2a62"),
    "blossom": Palette(Text("花信", "Blossom"), "#f7f7f7", "#1e2024", "#791547", "#3a225b", "#5f4e57", "#9c3411", "#6c2173", "#256593", "#781122"),
    "print": Palette(Text("印刷", "Print"), "#f5f5f5", "#1c1e22", "#1c1e22", "#555555", "#595959", "#1c1e22", "#1c1e22", "#1c1e22", "#595959"),
    "midnight": Palette(Text("午夜", "Midnight"), "#293147", "#d6d8de", "#c4a1f5", "#68cd89", "#99a2b8", "#f3a268", "#83bef8", "#52c9d4", "#f096c3"),
    "graphite": Palette(Text("石墨", "Graphite"), "#393939", "#e9e2e2", "#84c2ed", "#edb984", "#ababab", "#7fcfa7", "#e9be3c", "#77d2ca", "#f0a8c0"),
    "forest": Palette(Text("森林", "Forest"), "#2b463d", "#eef2f0", "#96d966", "#ebcc70", "#a3bbb3", "#f6bdaa", "#7edfcf", "#a2d5ef", "#bad147"),
    "aubergine": Palette(Text("茄紫", "Aubergine"), "#432d43", "#e2dae2", "#f19bcd", "#68cdbc", "#b49fb4", "#eeac28", "#ceaff8", "#79c6ec", "#f2a288"),
    "espresso": Palette(Text("咖啡", "Espresso"), "#44362c", "#e6e2e0", "#f2ab88", "#b1cd7a", "#b8a899", "#eeadc3", "#ebbc4e", "#8dcece", "#d4aee7"),
    "ocean": Palette(Text("海洋", "Ocean"), "#22404f", "#e7eaec", "#65cfe4", "#dacb2b", "#9db3be", "#f7b39c", "#72dca7", "#a8cafa", "#ebafd7"),
    "dusk": Palette(Text("暮色", "Dusk"), "#33304f", "#dbdae2", "#de9cf4", "#6cc8da", "#a2a2c1", "#f49fad", "#f1ae50", "#59cfa8", "#92b4f9"),
}
# fmt: on


def code_theme_names() -> list[str]:
    """All of them: ours in their order, then those of Pygments."""
    return [*PALETTES, *sorted(STYLE_MAP.keys() - PALETTES.keys())]


def code_style(name: str) -> type[Style]:
    """The style `name`; raises KeyError. Ours win where Pygments has the same name."""
    if name in PALETTES:
        return _style(PALETTES[name])
    if name not in STYLE_MAP:  # Pygments would look among plugins
        raise KeyError(name)
    style: type[Style] = get_style_by_name(name)
    return style


def _style(palette: Palette) -> type[Style]:
    class Ours(Style):
        background_color = palette.background
        styles = {  # noqa: RUF012 - Pygments' own form
            Token: palette.ink,
            Comment: f"italic {palette.comment}",
            Comment.Preproc: f"noitalic {palette.attribute}",
            Keyword: f"bold {palette.keyword}",
            Keyword.Constant: f"nobold {palette.number}",
            Keyword.Type: f"nobold {palette.type}",
            Operator.Word: f"bold {palette.keyword}",
            Name.Function: palette.function,
            Name.Class: f"bold {palette.type}",
            Name.Namespace: palette.type,
            Name.Tag: palette.keyword,
            Name.Attribute: palette.attribute,
            Name.Decorator: palette.attribute,
            Name.Builtin: palette.type,
            Name.Builtin.Pseudo: palette.attribute,
            Name.Exception: palette.type,
            Name.Constant: palette.number,
            Name.Variable: palette.attribute,
            String: palette.string,
            String.Escape: palette.number,
            String.Doc: f"italic {palette.comment}",
            Number: palette.number,
            Literal: palette.string,
            Generic.Heading: f"bold {palette.keyword}",
            Generic.Subheading: palette.type,
            Generic.Inserted: palette.string,
            Generic.Deleted: palette.attribute,
            Generic.Emph: "italic",
            Generic.Strong: "bold",
            Generic.Prompt: palette.comment,
        }

    return Ours
