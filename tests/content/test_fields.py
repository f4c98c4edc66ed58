import pytest
from pydantic import ValidationError

from content.fields import ArticleFields


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"markdown": "a", "html": "b"},
        {"markdown": "x" * 65_537},
        {"markdown": "字" * 21_846},
        {"html": "x" * 1_000_001},
        {"markdown": "\ud800"},
        {"markdown": "a", "nosuch": 1},
        {"markdown": 1},
    ],
)
def test_what_is_no_article_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ArticleFields.model_validate(sent)


def test_only_the_fields_that_were_sent_count_as_given() -> None:
    fields = ArticleFields(markdown="x" * 65_536, title="t", need_open_comment=False, author=None)
    assert fields.given() == {"title": "t", "need_open_comment": False}
