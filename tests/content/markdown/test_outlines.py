from xml.etree import ElementTree as ET

import pytest

from content.markdown.outlines import OutlineUnknown, outline, path_data


def _short(markup: str, unit: float = 10) -> str:
    return path_data(outline(ET.fromstring(markup), unit))  # noqa: S314


def test_paths_become_relative_whole_numbers() -> None:
    path = '<path d="M 1.0 -2.04 L 1.0 3 L 4 3 Q 5 3.5 6.01 3 C 1 1 2 2 3 3 Z M 0 0 L 1 1"/>'
    assert _short(path) == "m10-20v50h30q10 5 20 0c-50-20-40-10-30 0zm-10 20l10 10"


def test_a_rectangle_is_a_path_and_never_without_height() -> None:
    assert _short('<rect x="1" y="2" width="3" height="4"/>') == "m10 20h30v40h-30z"
    assert _short('<rect x="0" y="0" width="3" height="0.01"/>') == "m0 0h30v1h-30z"


def test_rounding_does_not_add_up() -> None:
    points = " ".join(f"L {n * 0.14:.3f} 0" for n in range(1, 101))
    assert sum(map(int, _short(f'<path d="M 0 0 {points}"/>').split("h")[1:])) == 140


@pytest.mark.parametrize("markup", ["<circle/>", '<path d="M 0 0 A 1 1"/>'])
def test_anything_else_is_refused(markup: str) -> None:
    with pytest.raises(OutlineUnknown):
        _short(markup)
