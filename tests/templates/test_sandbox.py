import pytest
from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError

from templates.sandbox import Sandbox, Texts, file_of


def sandbox(**texts: str) -> Sandbox:
    return Sandbox(texts, finalize=lambda value: value)


def test_templates_are_found_among_the_texts_alone() -> None:
    source, file, fresh = Texts({"a": "x"}).get_source(None, "a")
    assert (source, file, fresh()) == ("x", file_of("a"), True)
    with pytest.raises(TemplateNotFound):
        Texts({}).get_source(None, "/etc/passwd")


def test_a_template_that_includes_itself_is_compiled_once() -> None:
    made = sandbox(a="{% include 'a' %}")
    template = made.get_template("a")
    assert made.get_template("a") is template
    with pytest.raises(RecursionError):
        template.render()


def test_sums_of_numbers_are_done_within_bounds() -> None:
    text = "{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 8 }} {{ 6 / 4 }} {{ 'a' + 'b' }} {{ 'a' ~ 1 }}"
    assert sandbox(a=text).get_template("a").render() == "3 3 256 1.5 ab a1"
    for wrong in ("{{ 'a' * 3 }}", "{{ (0 - 8) ** 0.5 }}", "{{ 10 ** 15 }}", "{{ 2 ** 65 }}"):
        with pytest.raises(SecurityError):
            sandbox(a=wrong).get_template("a").render()


def test_no_extension_adds_a_statement() -> None:
    for text in ("{% do x %}", "{% break %}", "{% trans %}a{% endtrans %}", "{% debug %}"):
        with pytest.raises(TemplateSyntaxError):
            sandbox(a=text).get_template("a")
