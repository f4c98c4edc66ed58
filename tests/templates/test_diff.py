from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from templates.diff import diff

_LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d"]), max_size=40)


def _applied(lines: list[str], hunks: list[dict[str, Any]]) -> list[str]:
    """The lines as the hunks change them, the last first."""
    for hunk in reversed(hunks):
        at = hunk["from_line"] - 1
        before = [line["text"] for line in hunk["lines"] if line["op"] != "+"]
        assert lines[at : at + hunk["from_count"]] == before
        after = [line["text"] for line in hunk["lines"] if line["op"] != "-"]
        assert len(after) == hunk["to_count"]
        lines = [*lines[:at], *after, *lines[at + hunk["from_count"] :]]
    return lines


@given(before=_LINES, after=_LINES)
def test_the_hunks_make_the_one_of_the_other(before: list[str], after: list[str]) -> None:
    old, new = "\n".join([*before, "end"]), "\n".join([*after, "end"])
    told = diff(old, new)
    assert _applied(old.splitlines(), told["hunks"]) == new.splitlines()


def test_unified_is_as_diff_has_it() -> None:
    told = diff("a\nb\nc", "a\nx\nc")
    assert told["unified"] == "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"


def test_the_hunks_say_the_same_as_data() -> None:
    told = diff("a\nb\nc", "a\nx\nc\nd")
    (hunk,) = told["hunks"]
    assert [(line["op"], line["text"]) for line in hunk["lines"]] == [
        (" ", "a"),
        ("-", "b"),
        ("+", "x"),
        (" ", "c"),
        ("+", "d"),
    ]
    assert (hunk["from_line"], hunk["from_count"], hunk["to_line"], hunk["to_count"]) == (
        1,
        3,
        1,
        4,
    )


def test_equal_texts_have_none() -> None:
    assert diff("a\nb", "a\nb") == {"unified": "", "hunks": []}
