import gc
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from templates.errors import TemplateFailed
from templates.fill import fill, time_limit
from templates.marks import TooMuch
from tests.templates.library import NOW


@pytest.fixture(autouse=True)
def _nothing_of_other_tests_ends_here() -> Iterator[None]:
    """The alarm may ring in a finalizer, which swallows it; workers have none but templates'."""
    gc.disable()
    yield
    gc.enable()


def filled(text: str, values: dict[str, Any] | None = None, **how: Any) -> str:
    types = {name: how.get("types", {}).get(name, "string") for name in values or {}}
    request = {
        "entry": "main",
        "texts": {"main": text, **how.get("others", {})},
        "values": values or {},
        "types": types,
        "at": NOW,
        "account": "main",
    }
    result = fill(request)
    return result.marks.put_back(result.text, str)


def test_values_loops_and_conditions_are_filled_in() -> None:
    text = "{% for item in items %}\n{{ loop.index }}. {{ item.name }}\n{% endfor %}{{ account }}"
    values = {"items": [{"name": "a"}, {"name": "b"}]}
    assert filled(text, values, types={"items": "list"}) == "1. a\n2. b\nmain"


def test_now_and_today_are_in_shanghai() -> None:
    assert filled("{{ now }} {{ today }}") == "2026-11-18 19:06 2026-11-18"
    assert filled("{{ today | days(1) | date('月日') }}") == "11月19日"


def test_dates_are_dates_again_and_what_is_missing_is_nothing() -> None:
    types = {"d": "date", "t": "datetime", "n": "date"}
    values = {"d": "2026-12-01", "t": "2026-12-01T20:00:00+08:00", "n": None}
    text = "{{ d | date }} {{ t.hour }} {{ n }}{% if n is none %}-{% endif %}"
    assert filled(text, values, types=types) == "2026年12月1日 20 -"


def test_templates_include_extend_and_import_each_other() -> None:
    others = {
        "base": "<{% block body %}x{% endblock %}>",
        "foot@2": "{{ account }}",
        "forms": "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}",
    }
    text = (
        '{% extends "base" %}{% block body %}{% import "forms" as f %}{{ f.twice("a") }}'
        '{% include "foot@2" %}{{ super() }}{% endblock %}'
    )
    assert filled(text, others=others) == "<aamainx>"


def test_an_entry_of_a_mapping_goes_before_its_method() -> None:
    types = {"x": "list"}
    assert filled("{{ x[0].items }}", {"x": [{"items": "a"}]}, types=types) == "a"
    text = "{% for name, value in x[0].items() %}{{ name }}={{ value }}{% endfor %}"
    assert filled(text, {"x": [{"b": 1}]}, types=types) == "b=1"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n{{ nope }}", 2, "'nope' is undefined"),
        ("\n\n{{ account.x }}", 3, "has no attribute"),
        ("\n{{ 1 / 0 }}", 2, "ZeroDivisionError"),
        ("{% if %}", 1, "Expected an expression"),
        ("\n{{ account | nope }}", 2, "No filter named"),
        ("\n{% include 'x' %}", 2, "no template x"),
        ("{{ [account] }}", 1, "loop over it"),
    ],
)
def test_a_failure_names_the_line(text: str, line: int, said: str) -> None:
    with pytest.raises(TemplateFailed) as caught:
        filled(text)
    assert caught.value.values["line"] == line
    assert said in str(caught.value)


def test_a_failure_in_an_included_template_names_that() -> None:
    with pytest.raises(TemplateFailed) as caught:
        filled('{% include "part" %}', others={"part": "a\n\n{{ nope }}"})
    assert (caught.value.values["template"], caught.value.values["line"]) == ("part", 3)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ [''] | map(attribute='__class__') | list | first }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ '%s' % account }}",
        "{{ account.format }}",
        "{{ self.__init__.__globals__ }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ namespace(a=1).__class__ }}",
        "{% macro m() %}{% endmacro %}{{ m._func }}{{ m.__globals__ }}",
        "{{ now.strftime('%Y') }}",
        "{{ now.__reduce__() }}",
        "{{ [].append(1) }}",
        "{{ {}.update(a=1) }}",
        "{{ {}.setdefault('a', 1) }}",
        "{% for x in [1] %}{{ loop.__init__ }}{% endfor %}",
        "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
        "{{ cycler }}",
        "{{ lipsum() }}",
        "{{ joiner.__init__ }}",
        "{{ config }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_there_is_no_way_out(text: str) -> None:
    with pytest.raises(TemplateFailed) as caught:
        filled(text)
    assert " at 0x" not in str(caught.value)  # no address of the process


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10**9 }}",
        "{{ [1] * 10**9 }}",
        "{{ 9**9**9 }}",
        "{{ 2**64 * 2**64 }}",
        "{{ range(10**12) | list }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(1000) %}xxxxxxxxxxxx{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'main' %}",
        "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
        "{% for a in [1] %}" * 40 + "{% endfor %}" * 40,
        "{{ 1" + "0" * 5_000 + " }}",
        "{{ account | replace('m', account * 3) }}",
    ],
)
def test_nothing_grows_without_bound(text: str) -> None:
    with pytest.raises(TemplateFailed):
        filled(text)


def test_a_character_that_stands_for_no_value_is_nothing() -> None:
    assert filled(r"a{{ '\U000f0005' }}{{ account }}") == "amain"


def test_a_loop_without_end_ends_and_its_line_is_told() -> None:
    loops = "\n{% for i in range(999) %}{% for j in range(999) %}{% for k in range(999) %}"
    before = time.process_time()
    with pytest.raises(TemplateFailed) as caught:
        filled(loops + "{% endfor %}" * 3)
    assert caught.value.values["line"] == 2
    assert time.process_time() - before < 5  # of a billion rounds


def test_the_time_that_is_left_over_rings_no_more() -> None:
    with time_limit(0.01):
        pass
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    with pytest.raises(TooMuch), time_limit(0.01):
        while True:
            pass


_PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "for",
        "in",
        "if",
        "endfor",
        "endif",
        "block",
        "set",
        "x",
        "|",
        "(",
        ")",
        "[",
        "]",
        "'",
        '"',
        "~",
        "*",
        "**",
        "1",
        "9",
        ".",
        "__class__",
        "\n",
        "{{x}}",
        "include",
        "extends",
        "macro",
        "call",
        "range(3)",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=40).map(" ".join) | st.text(max_size=200))
def test_any_text_is_filled_or_refused(text: str) -> None:
    with suppress(TemplateFailed):
        filled(text, {"x": "v"})
