from contextlib import suppress
from typing import Any

import pytest

from content.refusals import ContentTooLong
from sandbox.filters import ArticleFilter
from tests.content.allowed import assert_allowed
from tests.content.conftest import Render


def _render(render: Render, markdown: str, **options: str) -> dict[str, Any]:
    return render(markdown, title="t", options=options)


def _formulas(content: str) -> int:
    return content.count("<svg")


@pytest.mark.parametrize(
    "text",
    [
        "质能$E=mc^2$方程",
        r"面积 \(a^2\) 。",
        "和 $$x$$ 在行内",
        "$a$，$b$".replace("，$b$", ""),
        "- 项 $x_1$",
        "|a|\n|-|\n|$x$|",
        "*粗 $a*b$*",
        r"$\$5$",
        "**$x$**",
        "the $n$th",
    ],
)
def test_a_formula_in_the_line_is_drawn(render: Render, text: str) -> None:
    assert (
        _formulas(
            _render(render, f"字 {text}" if text[0] not in "-|" else f"字\n\n{text}")["content"]
        )
        == 1
    )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "$5 和 $10",
            "$5和$10",
            "花$5到20$",
            "$ x $",
            "a$",
            r"\$x\$",
            "`$x$`",
            "$$",
            "$",
            r"\(\)",
        ),
        *("变量$foo和$bar", "$HOME/bin:$PATH", "成本$x元，收入$y元"),
        *(r"\[1\]", r"\[注\]", "$$ x", r"\[", "US$100，HK$200", "$a\n\nb$", r"\(a"),
    ],
)
def test_prices_and_brackets_are_text(render: Render, text: str) -> None:
    made = _render(render, f"字 {text}\n\n{text}\n\n字")
    assert _formulas(made["content"]) == 0
    assert made["warnings"] == []


@pytest.mark.parametrize(
    "text",
    [
        "$$\nx\n$$",
        "$$x$$",
        "$$ x\n+ y $$",
        "\\[\nx\n\\]",
        r"\[ x \]",
        "```math\nx\n```",
        "> $$\n> x\n> $$",
        "- 项\n\n  $$\n  x\n  $$",
        "段落\n$$\nx\n$$\n段落",
        "$$\nx % $$ 注释\n$$".replace("$$ ", ""),
    ],
)
def test_a_formula_on_its_own_lines_is_drawn_in_the_middle(render: Render, text: str) -> None:
    content = _render(render, f"字\n\n{text}\n\n字")["content"]
    assert _formulas(content) == 1
    assert "text-align:center" in content
    assert "$" not in content


def test_what_is_drawn_survives_wechat(render: Render) -> None:
    text = "$x$ 在前\n\n$$\\frac{\\text{路程}}{t}$$\n\n$$\\boxed{y}$$"
    content = _render(render, text)["content"]
    assert_allowed(content)
    stored = ArticleFilter().clean(content)
    for part in ("<svg", "<path", "<text", "vertical-align", "currentColor", "viewBox"):
        assert stored.count(part) == content.count(part) > 0


def test_as_pictures_formulas_are_images_with_the_tex_to_read(render: Render) -> None:
    made = _render(render, "字 $a<b$ 和 $a<b$", math="png")
    assert _formulas(made["content"]) == 0
    (image,) = made["images"]
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert image["alt"] == "a<b"
    assert "display:inline" in made["content"]
    assert "vertical-align" in made["content"]


def test_off_leaves_what_was_typed(render: Render) -> None:
    made = _render(render, "字 $a_1 b_1$\n\n$$\n*x*\n$$", math="off")
    assert "$a_1 b_1$" in made["content"]
    assert "$$*x*$$" in made["content"]
    assert made["warnings"] == []


def test_a_formula_that_cannot_be_read_is_shown_as_code_and_named(render: Render) -> None:
    made = _render(render, r"字 $\frac{a$ 与 $x$" + "\n\n$$\n\\nosuch{y}\n$$")
    assert r"$\frac{a$</code>" in made["content"]
    assert r"\nosuch" in made["content"]
    assert "<pre" in made["content"]
    assert _formulas(made["content"]) == 1
    (warning,) = made["warnings"]
    assert warning["code"] == "formula_not_drawn"
    assert r"\frac{a" in warning["message"][1]


def test_a_heading_that_becomes_the_title_keeps_its_formula_as_text(render: Render) -> None:
    made = render("# 关于 $a<b$ 的一切\n\n字 $x$")
    assert made["title"] == "关于 a<b 的一切"
    assert "<title" not in made["content"]
    assert made["digest"] == "字"


def test_a_line_break_before_the_closing_mark_does_not_escape_it(render: Render) -> None:
    assert r"$\nosuch\\$</code> 后" in _render(render, r"字 $\nosuch\\$ 后")["content"]


def test_formulas_without_end_are_drawn_as_far_as_time_and_room_go(render: Render) -> None:
    many = "".join(f"$x_{{{n}}}+{n}$ " for n in range(700))
    made = _render(render, many)
    assert 10 < _formulas(made["content"]) < 700
    assert made["warnings"][0]["code"] == "formula_not_drawn"
    assert len(made["content"]) < 900_000


@pytest.mark.parametrize(
    "part", ["$a", r"$\$", r"\(", "$$a\n", "$$\n\n", "\\[\n", "\\[ a\n", "$$ "]
)
def test_marks_without_end_take_time_in_step_with_their_number(render: Render, part: str) -> None:
    with suppress(ContentTooLong):
        _render(render, (part * 15_000)[:18_000])
