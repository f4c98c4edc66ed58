from typing import Any

import pytest
from pydantic import ValidationError

from templates.forms import MAX_TEXT_BYTES, NewTemplate, TemplateChanges, TemplateForm


@pytest.mark.parametrize(
    "said",
    [
        {"text": "a" * (MAX_TEXT_BYTES + 1)},
        {"text": "\n" * 2_000},
        {"text": "\x00"},
        {"text": "\ud800"},
        {"text": "\U000f0000"},
        {"text": "x", "kind": "page"},
        {"text": "x", "note": "a\nb"},
        {"text": "x", "variables": [{"name": "a"}, {"name": "a"}]},
        {"text": "x", "variables": [{"name": f"a{n}"} for n in range(101)]},
        {},
    ],
)
def test_what_is_no_template_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TemplateForm.model_validate(said)


def test_line_ends_are_one_character() -> None:
    assert TemplateForm(text="a\r\nb").text == "a\nb"


def test_a_name_is_lower_case_letters_digits_and_hyphens() -> None:
    assert NewTemplate(name="weekly-2", text="x").kind == "article"
    with pytest.raises(ValidationError):
        NewTemplate(name="Weekly", text="x")


def test_changes_say_what_is_named_the_note_aside() -> None:
    assert TemplateChanges(note="why", text="x", description=None).said() == {"text": "x"}
