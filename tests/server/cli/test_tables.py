import json

import pytest

from server.cli.tables import print_facts, print_json, print_list, print_table


def test_a_table_is_not_cut_for_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "title"), [("x" * 300, "标题 [red]"), ("y", None)])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "title"]
    assert first.split() == ["x" * 300, "标题", "[red]"]
    assert second.split() == ["y", "-"]


def test_facts_that_are_none_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"a": 1, "b": None, "c": "", "d": []})
    print_json({"题": 1})
    first, rest = capsys.readouterr().out.split("\n", 1)
    assert first == "a: 1"
    assert json.loads(rest) == {"题": 1}


def test_yes_and_no_are_no_words_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b", "c", "d"), [(True, False, 0, 1)])
    print_facts({"builtin": True, "required": False})
    told = capsys.readouterr().out.splitlines()
    assert [line.split() for line in told[1:]] == [
        ["✓", "-", "0", "1"],
        ["builtin:", "✓"],
        ["required:", "-"],
    ]


def test_a_list_is_told_as_it_came_or_shown(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"items": [{"id": "x"}]}
    print_list(told, ("id",), [("x",)], as_json=True)
    assert json.loads(capsys.readouterr().out) == told
    print_list(told, ("id",), [("x",)], as_json=False)
    assert capsys.readouterr().out.split() == ["id", "x"]
