from content.steps.fields import tidy_fields, use_defaults
from tests.content.conftest import manuscript


def test_defaults_fill_only_what_is_open() -> None:
    made = manuscript(theme="mine")
    made.defaults = {"theme": "default", "code_theme": "x"}
    use_defaults(made)
    assert made.fields == {"theme": "mine", "code_theme": "x"}


def test_fields_are_one_line_of_visible_characters() -> None:
    made = manuscript(title=" a\n\x00b\u202ec\u200b \u2066d ", author="👨‍👩‍👧 王")
    tidy_fields(made)
    assert made.fields["title"] == "a b c d"
    assert made.fields["author"] == "👨‍👩‍👧 王"


def test_half_a_character_does_not_stay() -> None:
    made = manuscript(title="a\ud83db")
    tidy_fields(made)
    assert made.fields["title"] == "a b"
