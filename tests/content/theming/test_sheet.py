import pytest

from content.theming.problems import PROBLEMS
from content.theming.sheet import MAX_CHARS, class_names, compile_sheet

KNOWN = frozenset({".article", ".table"})


def problems(css: str) -> list[tuple[str, str]]:
    found = compile_sheet(css, known=KNOWN).problems
    assert all(one.code in PROBLEMS for one in found)
    return [(one.code, one.what) for one in found]


def test_a_theme_stands_on_what_all_share_and_its_variables_win_there_too() -> None:
    sheet = compile_sheet(
        ":root{--c:#111}h1{margin:0}", base=":root{--c:#222}p{color:var(--c)}", known=KNOWN
    )
    assert sheet.css.splitlines() == ["p{color:#111}", "h1{margin:0}"]


@pytest.mark.parametrize(
    ("css", "problem"),
    [
        ("p::before{color:red}", ("pseudo_element", "p::before")),
        ("@media print{p{color:red}}", ("at_rule", "@media")),
        ("@import 'x.css';", ("at_rule", "@import")),
        (".x{color:red}", ("selector", ".x")),
        ("p{position:fixed}", ("property", "position")),
        ("p{display:flex}", ("value", "display:flex")),
        ("p{background:url(x.png)}", ("value", "background:url(x.png)")),
        (
            "p{background:linear-gradient(red,blue)}",
            ("value", "background:linear-gradient(red,blue)"),
        ),
        ("p{color:var(--x)}", ("variable", "color:var(--x)")),
        ("p{--x:1}", ("custom_property", "--x")),
    ],
)
def test_what_wechat_drops_is_left_out_and_reported(css: str, problem: tuple[str, str]) -> None:
    assert problems(css) == [problem]
    assert compile_sheet(f"{css} h1{{color:blue}}", known=KNOWN).css == "h1{color:blue}"


def test_a_problem_says_where_it_is() -> None:
    (problem,) = compile_sheet("p { margin: 0;\n  position: fixed }", known=KNOWN).problems
    assert (problem.line, problem.column) == (2, 3)


@pytest.mark.parametrize("css", ["p{", "}}}", "p{color}", "{", "p{color:red;;}", "\x00", "@", "/*"])
def test_broken_css_is_no_error(css: str) -> None:
    compile_sheet(css, known=KNOWN)


@pytest.mark.parametrize(
    "css",
    [
        "p{color:" + "(" * 60_000,
        "p{width:" + "1" * 5_000 + "px}",
        ":not(" * 9_000 + "p" + ")" * 9_000 + "{color:red}",
    ],
)
def test_css_that_no_parser_takes_leaves_the_base(css: str) -> None:
    sheet = compile_sheet(css, base="p{margin:0}", known=KNOWN)
    assert sheet.css == "p{margin:0}"
    assert [problem.code for problem in sheet.problems] == ["unreadable"]
    assert sheet.problems[0].code in PROBLEMS


def test_one_lost_selector_does_not_take_the_others_along() -> None:
    assert compile_sheet("a:hover, p{color:red}", known=KNOWN).css == "p{color:red}"


def test_a_sheet_is_bounded() -> None:
    many = compile_sheet("p{color:red}\n" * 5_000, known=KNOWN)
    assert many.css.count("\n") < 400
    assert "too_many" in {one.code for one in many.problems}
    large = compile_sheet("/*" + "x" * MAX_CHARS + "*/p{color:red}", known=KNOWN)
    assert "too_large" in {one.code for one in large.problems}
    assert len(compile_sheet("p{position:fixed}" * 1_000, known=KNOWN).problems) <= 101


def test_classes_are_found_by_name() -> None:
    assert class_names(".a .b-c > p.d, q{color:red}") == {".a", ".b-c", ".d"}
