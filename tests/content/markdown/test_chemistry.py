import pytest

from content.markdown.chemistry import chemistry_to_tex


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("H2O", r"\text{H}_{2}\text{O}"),
        (
            "2H2 + O2 -> 2H2O",
            r"2\text{H}_{2}+\text{O}_{2}\rightarrow 2\text{H}_{2}\text{O}",
        ),
        ("SO4^2-", r"\text{SO}_{4}^{2-}"),
        ("CO3^{2-}", r"\text{CO}_{3}^{2-}"),
        ("Na+", r"\text{Na}^{+}"),
        ("Fe(OH)3", r"\text{Fe}(\text{OH})_{3}"),
        ("[Cu(NH3)4]^2+", r"[\text{Cu}(\text{NH}_{3})_{4}]^{2+}"),
        ("^{14}_{6}C", r"^{14}_{6}\text{C}"),
        ("CuSO4.5H2O", r"\text{CuSO}_{4}\cdot 5\text{H}_{2}\text{O}"),
        ("CH2=CH2", r"\text{CH}_{2}=\text{CH}_{2}"),
        ("HC#CH", r"\text{HC}\equiv \text{CH}"),
        ("CH3-CH3", r"\text{CH}_{3}-\text{CH}_{3}"),
        ("1/2 O2", r"\frac{1}{2}\;\text{O}_{2}"),
        ("CO2 ^", r"\text{CO}_{2}\;\uparrow "),
        ("BaSO4 v", r"\text{BaSO}_{4}\;\downarrow "),
        ("A <=> B", r"\text{A}\rightleftharpoons \text{B}"),
        ("A ->[点燃] B", r"\text{A}\xrightarrow{\text{点燃}}\text{B}"),
        ("A ->[x][y] B", r"\text{A}\xrightarrow[\text{y}]{\text{x}}\text{B}"),
        (r"A ->[\Delta] B", r"\text{A}\xrightarrow{\Delta }\text{B}"),
    ],
)
def test_common_chemistry_is_understood(text: str, tex: str) -> None:
    assert chemistry_to_tex(text) == tex


@pytest.mark.parametrize("text", ["$x$", "A{", "H2O & B", "a^", "_"])
def test_what_is_not_known_is_said_so(text: str) -> None:
    assert chemistry_to_tex(text) is None


def test_a_long_text_takes_time_in_step_with_its_length() -> None:
    for part in ("[", "->[", "^{", "1/", "a-", "(", "v "):
        chemistry_to_tex(part * 20_000)
