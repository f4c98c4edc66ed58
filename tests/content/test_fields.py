import pytest
from pydantic import ValidationError

from content.fields import ArticleFields, DraftFields


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
        {"article_type": "newspic"},
        {"images": ["a.png"], "article_type": "news"},
        {"markdown": "a", "article_type": "video"},
    ],
)
def test_what_is_no_article_is_refused(sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ArticleFields.model_validate(sent)


def test_only_the_fields_that_were_sent_count_as_given() -> None:
    fields = ArticleFields(markdown="x" * 65_536, title="t", need_open_comment=False, author=None)
    assert fields.given() == {"title": "t", "need_open_comment": False}


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"articles": []}, ("articles",)),
        ({"articles": [{"markdown": "a"}] * 9}, ("articles",)),
        ({"articles": [{"markdown": "a"}], "title": "t"}, ("articles",)),
        ({"articles": [{"markdown": "a"}, {}]}, ("articles", 1)),
        ({"articles": [{"markdown": "a", "title": 1}]}, ("articles", 0, "title")),
        (
            {"articles": [{"markdown": "a", "articles": [{"markdown": "b"}]}]},
            ("articles", 0, "articles"),
        ),
        ({"images": ["a.png", ""]}, ("images", 1)),
        ({"article_type": "news", "images": ["a.png"]}, ("images",)),
        ({"markdown": "a", "crops": {"1_1": [0, 0, 2, 1]}}, ("crops", "1_1", 2)),
        ({"markdown": "a", "products": [{"product_id": "1", "card_type": 7}]}, None),
    ],
)
def test_a_wrong_draft_says_where(sent: dict[str, object], place: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        DraftFields.model_validate(sent)
    expected = place or ("products", 0, "card_type")
    assert caught.value.errors()[0]["loc"] == expected


def test_a_draft_is_one_article_or_several() -> None:
    one = DraftFields.model_validate({"images": ["a.png"], "title": "t"})
    assert one.each() == (one,)
    assert one.path(0) == ""
    several = DraftFields.model_validate({"articles": [{"markdown": "a"}, {"html": "b"}]})
    assert [article.html for article in several.each()] == [None, "b"]
    assert several.path(1) == "articles[1]."
    kept = several.model_dump(mode="json", exclude_none=True)
    assert DraftFields.model_validate(kept) == several
