import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.words.entries import BadLine, Entry, entries_of, read_list


def test_a_line_is_a_word_with_its_level_and_replacement() -> None:
    text = "\ufeff# 注释\r\n甲\r\n\n乙\twarn\n丙\treplace\n丁\treplace\t戊 己\n庚\tallow\n辛\treplace\t\n"
    assert entries_of(text) == [
        Entry("甲", "block", None),
        Entry("乙", "warn", None),
        Entry("丙", "replace", None),
        Entry("丁", "replace", "戊 己"),
        Entry("庚", "allow", None),
        Entry("辛", "replace", ""),
    ]


@pytest.mark.parametrize(
    "line",
    ["甲\tdelete", "甲\twarn\t乙", "\tblock", "长" * 101, "甲\treplace\t" + "长" * 101, "甲\x07"],
)
def test_a_line_that_says_nothing_is_named_and_the_others_count(line: str) -> None:
    first, bad, last = read_list(f"甲\n{line}\n乙")
    assert (first, last) == (Entry("甲"), Entry("乙"))
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert bad.problem.zh
    assert bad.problem.en


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for line in read_list(text):
        assert isinstance(line, BadLine) or line.word.strip()
