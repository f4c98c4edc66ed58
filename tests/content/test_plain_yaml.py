import pytest

from content.plain_yaml import read_plain
from content.refusals import FrontMatterInvalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("# nothing", None),
        ("x: no\ny: 2024-01-01", {"x": "no", "y": "2024-01-01"}),
        ("a: ['~', ~, '']", {"a": ["~", None, ""]}),
        ("a: {b: {c: [d]}}\ne: f", {"a": {"b": {"c": ["d"]}}, "e": "f"}),
        ("a: !!python/object/apply:os.system [id]", {"a": ["id"]}),
        ("? [a, b]\n: c\nd: e", {"d": "e"}),  # a key that is no text goes with its value
        ("title: {{ page.title }}\nx: y", {"title": {}, "x": "y"}),  # so do templates of blogs
        ("- a\n- - b", ["a", ["b"]]),
        ("|\n  two\n  lines\n", "two\nlines"),
    ],
)
def test_values_are_texts_lists_and_mappings_as_written(text: str, value: object) -> None:
    assert read_plain(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [x]\nb: *a", "alias"),
        ("a: " + "[" * 8 + "]" * 8, "nesting"),
        ("a: 1\n--- \nb: 2", "one document"),
        ("a: b: c", "line 2"),
        ("x" * 16_385, "> 16384 bytes"),
        ('"\\ud83d"', "half a character (\\ud800 …)"),
    ],
)
def test_bombs_and_nonsense_are_refused(text: str, reason: str) -> None:
    with pytest.raises(FrontMatterInvalid) as caught:
        read_plain(text)
    assert caught.value.values == {"reason": reason}


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text", ["a: " + "[" * 16_000, "a: " + "{" * 16_000, "x\n--- " + "[" * 16_000]
)
def test_what_is_nested_without_end_is_not_read_to_its_end(text: str) -> None:
    with pytest.raises(FrontMatterInvalid):  # 17 s if it were
        read_plain(text)
