import pytest
from pydantic import ValidationError

from content.fields import ArticleFields
from content.options import RenderOptions


def test_only_what_was_given_is_handed_on() -> None:
    fields = ArticleFields.model_validate({"markdown": "a", "options": {"math": "off"}})
    assert fields.given_options() == {"math": "off"}
    assert fields.model_dump(exclude_none=True)["options"] == {"math": "off"}
    again = ArticleFields.model_validate(fields.model_dump(mode="json"))
    assert again.given_options() == {"math": "off"}


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError):
        RenderOptions.model_validate({"maths": "off"})
