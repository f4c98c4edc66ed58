import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from content.markdown.formulas import FormulaWrong, draw_formula
from content.pictures.svg import svg_to_png


@pytest.mark.parametrize(
    "tex",
    [
        r"E=mc^2",
        r"\frac{-b\pm\sqrt{b^2-4ac}}{2a}",
        r"\int_0^\infty e^{-x^2}\,dx=\frac{\sqrt{\pi}}{2}",
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        r"\begin{aligned}a&=b\\c&=d+e\end{aligned}",
        r"f(x)=\begin{cases}1 & x>0\\0 & x\le0\end{cases}",
        r"\lim_{x\to0}\frac{\sin x}{x}, \mathbb{R}^n, \vec{v}\cdot\hat{n}",
        r"\boxed{x}+\cancel{y}+\overbrace{a+b}^{n}",
        r"\ce{2H2 + O2 ->[\Delta] 2H2O}",
        r"a \tag{1}",
    ],
)
def test_formulas_are_paths_alone_in_the_colour_of_the_text(tex: str) -> None:
    svg = draw_formula(tex, display=True).svg
    assert set(re.findall(r"<(\w+)", svg)) <= {"svg", "path"}
    assert set(re.findall(r" ([\w-]+)=", svg)) <= {
        *("viewBox", "style", "fill", "d", "stroke", "stroke-width"),
    }
    assert 'fill="currentColor"' in svg
    assert len(svg) < 6_000


def test_it_stands_on_the_line_of_the_text() -> None:
    over = draw_formula("x", display=False)
    under = draw_formula(r"\frac{a}{b}", display=False)
    assert over.depth < 0.1
    assert 0.3 < under.depth < under.height
    assert under.style.endswith(f"vertical-align:{-under.depth:.3g}em")


def test_colours_stay() -> None:
    assert 'fill="red"' in draw_formula(r"a+\textcolor{red}{b}", display=False).inner


@pytest.mark.parametrize(
    ("tex", "runs"),
    [
        (r"v=\frac{\text{路程}}{\text{时间}}", ["路程", "时间"]),
        ("速度=路程/时间", ["速度", "路程", "时间"]),
        (r"x_{\text{最大}}", ["最大"]),
        (r"\begin{cases}1,&\text{若 }x>0\\0,&\text{否则}\end{cases}", ["若", "否则"]),
        (r"\text{速度}\ v~\text{是 ok}", ["速度", "是"]),
        (r"\ce{2H2 + O2 ->[点燃] 2H2O}", ["点燃"]),
    ],
)
def test_chinese_is_text_for_the_readers_font(tex: str, runs: list[str]) -> None:
    inner = draw_formula(tex, display=True).inner
    assert sorted(re.findall(r"<text [^>]*>([^<]*)</text>", inner)) == sorted(runs)
    assert "#0000" not in inner


def test_chinese_has_the_place_and_size_of_what_is_around_it() -> None:
    formula = draw_formula(r"\text{中}_{\text{中}}", display=False)
    found = re.findall(r'<text x="(-?\d+)" y="(-?\d+)" font-size="(\d+)"', formula.inner)
    (x, y, size), (small_x, small_y, small) = (tuple(map(int, one)) for one in found)
    assert x == pytest.approx(0, abs=12)
    assert y == pytest.approx(0, abs=8)
    assert size == pytest.approx(0.96 * 320, abs=6)
    assert small == pytest.approx(0.7 * size, abs=6)
    assert small_x == pytest.approx(x + size, abs=60)
    assert small_y > y


@pytest.mark.parametrize(
    "tex",
    [
        *(r"\nosuch{x}", r"\ce{$x$}", r"\ce{H2O", "\U0001f600", r"\unicode{x4e2d}", r"\\"),
        *(r"\hspace{99999em}", "x" * 3_000, "a" * 1_900, r"\text{" + "中" * 300 + "}"),
    ],
)
def test_what_cannot_be_drawn_right_is_not_drawn(tex: str) -> None:
    with pytest.raises(FormulaWrong):
        draw_formula(tex, display=False)


@pytest.mark.parametrize(
    "tex",
    ["", "{", r"\frac{a", "x^", "&", r"\left(", r"\def\a{\a\a}\a", "{" * 1_900, "<b>&"],
)
def test_broken_tex_is_an_exception_that_can_be_caught(tex: str) -> None:
    with pytest.raises(Exception):  # noqa: B017 - of the library
        draw_formula(tex, display=False)


def test_the_drawing_is_a_picture_with_ink_where_the_formula_is() -> None:
    png, size = svg_to_png(
        draw_formula(r"\text{中}+x", display=False).drawing(2).encode(), picture="x"
    )
    image = Image.open(BytesIO(png)).convert("RGBA")
    assert image.size == (round(2 * size.width), round(2 * size.height))
    box = image.getbbox()
    assert box is not None
    assert box[0] < 0.1 * image.width < 0.9 * image.width < box[2]


def test_without_the_extra_it_is_said() -> None:
    program = (
        "import sys; sys.modules['ziamath'] = None\n"
        "from tests.content.conftest import request\n"
        "from content.pipeline import Pipeline\n"
        "made = Pipeline().run(request('$x^2$', title='t'))\n"
        "print([w['code'] for w in made['warnings']], '>$x^2$</code>' in made['content'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.strip() == "['math_extra_missing'] True"
