import pytest

from content.theming.values import ValueLost, literal


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("var(--a)", "#123"),
        ("1px solid var( --a )", "1px solid #123"),
        ("var(--none, red)", "red"),
        ("var(--none, var(--a))", "#123"),
        ("var(--b)", "1px solid #123"),
        ("rgba(1, 2, 3, 0.5)", "rgba(1, 2, 3, 0.5)"),
        ("calc(var(--size) * 1.5)", "24px"),
        ("calc(100% - 2px)", "calc(100% - 2px)"),
        ("calc(1px / 0)", "calc(1px / 0)"),
    ],
)
def test_variables_become_what_they_stand_for(value: str, expected: str) -> None:
    properties = {"--a": "#123", "--b": "1px solid var(--a)", "--size": "16px"}
    assert literal(value, properties) == expected


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"--a": "var(--a)"},
        {"--a": "var(--b)", "--b": "var(--a)"},
        {"--a": "var(--b) var(--b)", "--b": "x" * 900},
        {"--a": "var(--b"},
    ],
)
def test_what_cannot_be_known_or_never_ends_is_lost(properties: dict[str, str]) -> None:
    with pytest.raises(ValueLost):
        literal("var(--a)", properties)


def test_variables_that_double_each_other_end_soon() -> None:
    properties = {f"--v{n}": f"var(--v{n + 1}) var(--v{n + 1})" for n in range(15)}
    with pytest.raises(ValueLost):
        literal("var(--v0)", {**properties, "--v15": "x" * 100})
