"""What is different between two texts. For worker processes: it takes quadratic time."""

from difflib import SequenceMatcher, unified_diff
from typing import Any

_CONTEXT = 3
_MARKS = {"equal": " ", "delete": "-", "insert": "+"}


def diff(before: str, after: str) -> dict[str, Any]:
    """As `diff -u` has it, and the same as data: hunks of lines, each with " ", "-" or "+"."""
    old, new = before.splitlines(), after.splitlines()
    unified = unified_diff(old, new, "before", "after", n=_CONTEXT, lineterm="")
    groups = SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT)
    return {
        "unified": "".join(f"{line}\n" for line in list(unified)[2:]),
        "hunks": [_hunk(group, old, new) for group in groups],
    }


def _hunk(
    group: list[tuple[str, int, int, int, int]], old: list[str], new: list[str]
) -> dict[str, Any]:
    lines = []
    for tag, from_, to, new_from, new_to in group:
        if tag != "insert":
            mark = _MARKS["equal" if tag == "equal" else "delete"]
            lines += [{"op": mark, "text": text} for text in old[from_:to]]
        if tag in ("insert", "replace"):
            lines += [{"op": "+", "text": text} for text in new[new_from:new_to]]
    first, last = group[0], group[-1]
    return {
        "from_line": first[1] + 1,
        "from_count": last[2] - first[1],
        "to_line": first[3] + 1,
        "to_count": last[4] - first[3],
        "lines": lines,
    }
