from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates.errors import VariableInvalid
from templates.values import check_default, values_of
from templates.variables import Variable
from tests.templates.library import NOW


def made(kind: str, value: Any, **more: Any) -> Any:
    variable = Variable.model_validate({"name": "x", "type": kind, **more})
    return values_of([variable], {"x": value}, template="t", at=NOW)["x"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "a", "a"),
        ("string", 3, "3"),
        ("text", "a\r\nb", "a\nb"),
        ("integer", "3", 3),
        ("integer", 3.0, 3),
        ("number", "2.5", 2.5),
        ("number", 2.0, 2),
        ("boolean", "是", True),
        ("boolean", "no", False),
        ("date", "2026-12-01", "2026-12-01"),
        ("date", "today", "2026-11-18"),
        ("datetime", "2026-12-01T12:00Z", "2026-12-01T20:00:00+08:00"),
        ("datetime", "2026-12-01 20:00", "2026-12-01T20:00:00+08:00"),
        ("datetime", "now", "2026-11-18T19:06:40+08:00"),
        ("list", "a\n\n b ", ["a", "b"]),
        ("list", '["a", {"b": 1}]', ["a", {"b": 1}]),
        ("list", [1, True, None, {"a": "b"}], [1, True, None, {"a": "b"}]),
        ("image", " a.png ", "a.png"),
        ("url", "https://a.b/c?d", "https://a.b/c?d"),
    ],
)
def test_values_become_what_their_type_says(kind: str, value: Any, expected: Any) -> None:
    assert made(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "a\nb"),
        ("string", ["a"]),
        ("string", "\x00"),
        ("string", "\ud800"),
        ("string", "\U000f0000"),
        ("string", float("nan")),
        ("text", "a" * 20_001),
        ("integer", "3.5"),
        ("integer", True),
        ("integer", 10**15),
        ("number", "x"),
        ("number", float("inf")),
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("date", "2026-13-01"),
        ("date", 5),
        ("datetime", "yesterday"),
        ("list", {"a": 1}),
        ("list", ["a"] * 201),
        ("list", [["a"]]),
        ("list", "[1"),
        ("list", "[" * 100_000),
        ("url", "javascript:alert(1)"),
        ("url", "https://a b"),
        ("url", "https://[::1"),
        ("image", "  "),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_variable(kind: str, value: Any) -> None:
    with pytest.raises(VariableInvalid) as caught:
        made(kind, value)
    assert caught.value.field in ("variables.x", "variables.…")


def test_bounds_are_of_numbers_and_of_lengths() -> None:
    assert made("integer", 3, min=1, max=3) == 3
    assert made("string", "abc", min=3, max=3) == "abc"
    for kind, value in (("integer", 4), ("string", "abcd"), ("list", ["a"] * 4)):
        with pytest.raises(VariableInvalid):
            made(kind, value, max=3)
    with pytest.raises(VariableInvalid):
        made("list", [], min=1)


def test_a_pattern_is_of_the_whole_text_and_an_enum_has_choices() -> None:
    assert made("string", "AB-1", pattern="[A-Z]+-[0-9]") == "AB-1"
    with pytest.raises(VariableInvalid):
        made("string", "xAB-1", pattern="[A-Z]+-[0-9]")
    assert made("enum", "b", choices=["a", "b"]) == "b"
    with pytest.raises(VariableInvalid, match="one of a, b"):
        made("enum", "c", choices=["a", "b"])


def test_what_is_not_given_is_the_default_and_else_nothing_or_an_error() -> None:
    variables = [
        Variable(name="a", default="x"),
        Variable(name="b", required=False),
        Variable(name="c", type="list", required=False),
        Variable(name="d", type="date", required=False),
    ]
    assert values_of(variables, {"a": ""}, template="t", at=NOW) == {
        "a": "x",
        "b": "",
        "c": [],
        "d": None,
    }
    needed = [Variable(name="e", example="like this")]
    with pytest.raises(VariableInvalid, match="required") as caught:
        values_of(needed, {}, template="t", at=NOW)
    assert caught.value.field == "variables.e"
    assert values_of(needed, {}, template="t", at=NOW, examples=True) == {"e": "like this"}


def test_an_unknown_variable_is_refused_with_the_one_it_may_have_been() -> None:
    variables = [Variable(name="title"), Variable(name="items", type="list")]
    with pytest.raises(VariableInvalid, match="did you mean title"):
        values_of(variables, {"titel": "x"}, template="t", at=NOW)
    with pytest.raises(VariableInvalid, match="there are title, items"):
        values_of(variables, {"zzzz": "x"}, template="t", at=NOW)


def test_a_default_that_would_be_refused_is_refused_when_it_is_declared() -> None:
    with pytest.raises(VariableInvalid):
        check_default(Variable(name="n", type="integer", default="x"), "t", NOW)
    with pytest.raises(VariableInvalid):
        check_default(Variable(name="n", type="integer", example="x"), "t", NOW)
    check_default(Variable(name="n", type="date", default="today"), "t", NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    value=_JSON, kind=st.sampled_from(["string", "text", "integer", "number", "boolean", "date"])
)
def test_any_value_is_taken_or_refused_in_so_many_words(value: Any, kind: str) -> None:
    _taken_or_refused(kind, value)


@given(value=_JSON, kind=st.sampled_from(["datetime", "list", "enum", "image", "url", "markdown"]))
def test_any_value_of_the_other_types_too(value: Any, kind: str) -> None:
    _taken_or_refused(kind, value)


def _taken_or_refused(kind: str, value: Any) -> None:
    choices = {"choices": ["a"]} if kind == "enum" else {}
    with suppress(VariableInvalid):
        made(kind, value, required=False, **choices)
