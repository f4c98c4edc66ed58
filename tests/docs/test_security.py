"""The table of faults in docs/security.md is true: each case once, each named test there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from scripts.fault_rows import ROOT, SECTIONS, TABLES, FaultRow, _row, read_rows

# Sections whose rows are still being written; every case of the others has its own.
UNDER_WAY: set[str] = set()

_NUMBERED = re.compile(r"test((?:_[0-9]{3})+)_")  # one test may prove several cases


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def _wrong_with(row: FaultRow) -> list[str]:
    wrong = [] if row.zh and row.en else ["says nothing in one language"]
    if row.holds != "no" and not row.tests:
        wrong.append("no test")
    numbers = []
    for path, function in row.files():
        numbered = _NUMBERED.match(function)
        if not path.exists() or function not in _functions(path):
            wrong.append(f"no such test: {path.name}::{function}")
        elif numbered is not None:
            numbers.append(numbered[1])
        elif path.parent.name == "faults":
            wrong.append(f"name without its number: {function}")
    # A test of another case may stand beside its own, or for a part of it.
    if (
        row.holds == "yes"
        and numbers
        and not any(f"_{row.number:03}" in found for found in numbers)
    ):
        wrong.append("only tests of other cases")
    return [f"{row.where}: {fault}" for fault in wrong]


def test_every_case_stands_there_once_in_the_table_of_its_section() -> None:
    counts = Counter(row.number for row in read_rows())
    assert [number for number, count in counts.items() if count > 1] == []
    letters = {number: section.letter for section in SECTIONS for number in section.numbers}
    strays = [row.where for row in read_rows() if row.where[0] != letters.get(row.number)]
    assert strays == []
    missing = sorted(letters.keys() - counts.keys())
    assert [number for number in missing if letters[number] not in UNDER_WAY] == []


def test_every_named_test_exists_and_bears_the_number_of_its_case() -> None:
    assert [fault for row in read_rows() for fault in _wrong_with(row)] == []


def test_every_numbered_test_is_named_by_a_row() -> None:
    named = {function for row in read_rows() for _, function in row.files()}
    written = {
        (path.name, function)
        for path in (ROOT / "tests" / "faults").glob("test_*.py")
        for function in _functions(path)
        if _NUMBERED.match(function)
    }
    finished = {test for test in written if test[0][len("test_")].upper() not in UNDER_WAY}
    assert sorted(test for test in finished if test[1] not in named) == []


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.letter)
def test_the_page_has_a_table_of_the_section(section: object) -> None:
    text = (TABLES.parent / "security.md").read_text("utf-8")
    assert f"<!-- generated: faults {section.letter} -->" in text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line", ["1\tyes\tzh\ten", "x\tyes\tzh\ten\ta::b", "1\tmaybe\tzh\ten\ta::b", "1 yes zh en a::b"]
)
def test_a_row_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"A_x\.tsv:7"):
        _row(line, "A_x.tsv:7")


def test_a_row_without_its_test_is_found_out() -> None:
    row = FaultRow(167, "yes", "中", "en", ("docs/test_security.py::test_168_no",), "J_x.tsv:1")
    assert _wrong_with(row) == ["J_x.tsv:1: no such test: test_security.py::test_168_no"]
