import pytest
from pygments.styles import STYLE_MAP
from pygments.token import Token

from content.theming.codes import PALETTES, code_style, code_theme_names


def test_there_are_a_dozen_of_ours_and_all_of_pygments() -> None:
    assert len(PALETTES) >= 10
    assert set(STYLE_MAP) <= set(code_theme_names())
    assert code_theme_names()[0] == "default"


@pytest.mark.parametrize("name", code_theme_names())
def test_each_can_be_used(name: str) -> None:
    style = code_style(name)
    assert style.background_color
    assert Token in dict(style)


def test_an_unknown_one_is_not_looked_for_among_plugins() -> None:
    with pytest.raises(KeyError):
        code_style("os.path")
