from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates.errors import TemplateInvalid
from templates.inspect import inspect


def test_a_text_tells_what_it_names_reads_and_sets() -> None:
    text = (
        '{% extends "base" %}{% include ["a", "b@2"] %}{% import "c" as c %}\n'
        "{{ title }}{% set mine = 1 %}{{ mine }}\n{% for x in items %}{{ x }}{{ title }}{% endfor %}"
    )
    found = inspect("t", text)
    assert found["uses"] == ["a", "b@2", "base", "c"]
    assert found["reads"] == {"title": 2, "items": 3}
    assert {"mine", "x", "c"} >= set(found["assigned"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n{% if %}", 2),
        ("{{ a | nope }}", 1),
        ("\n\n{% include name %}", 3),
        ("{% extends ['a', b] %}", 1),
        ("{{ " + "(" * 3_000, 1),
        ("{% for a in b %}" * 30 + "{% endfor %}" * 30, 1),
        ("{{ 1" + "0" * 5_000 + " }}", 1),
    ],
)
def test_what_is_no_template_is_refused_by_its_line(text: str, line: int) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        inspect("t", text)
    assert caught.value.values["line"] == line


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="{}%#|()'\"\n .abinforse", max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(TemplateInvalid):
        inspect("t", text)
