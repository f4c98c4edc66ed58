import pytest

from tests.content.lint.conftest import Lint


@pytest.mark.parametrize(
    ("css", "rule", "name"),
    [
        ("position:absolute", "css_dropped", "position"),
        ("TRANSFORM : none", "css_dropped", "transform"),
        ("animation: a 1s", "css_dropped", "animation"),
        ("--x: red", "css_dropped", "--x"),
        ("display: inline-flex", "css_value_dropped", "display: inline-flex"),
        ("display:grid", "css_value_dropped", "display: grid"),
        ("background: linear-gradient(red, blue)", "css_value_dropped", "gradient"),
        ("color: var(--x)", "css_variable", "color"),
    ],
)
@pytest.mark.parametrize("form", ["<p style='{}'>x</p>", "<style>p {{ {} }}</style><p>x</p>"])
def test_styles_that_die_at_wechat_are_told(
    lint: Lint, css: str, rule: str, name: str, form: str
) -> None:
    told = lint(html=form.format(css))
    assert [found for found in told if found.startswith("css")] == [rule]
    assert name in told[rule]["message"][1]


def test_plain_styles_are_left_in_peace(lint: Lint) -> None:
    html = "<p style='color:red;margin:0 auto;-webkit-text-align:left;display:block'>x</p>"
    assert not [rule for rule in lint(html=html) if rule.startswith("css")]


def test_what_no_style_attribute_can_say_is_told_where_it_stands(lint: Lint) -> None:
    html = "<p>x</p>\n<style>\n p{color:red}\n a:hover{color:red}\n @media print{}</style>"
    told = lint(html=html)["css_at_rule"]
    assert (told["position"], ":hover" in told["message"][1]) == ((4, 3), True)


def test_the_same_fault_is_told_once_with_its_count(lint: Lint) -> None:
    told = lint(html="<p style='cursor:help'>x</p>\n<p style='cursor:help'>x</p>")["css_dropped"]
    assert "(2 of them)" in told["message"][1]
    assert told["position"] == (1, 1)
