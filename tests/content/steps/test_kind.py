from typing import Any

import pytest

from content.refusals import FrontMatterInvalid
from content.steps.kind import choose_kind
from tests.content.conftest import manuscript


def _choose(front_matter: dict[str, Any] | None = None, **fields: Any) -> Any:
    made = manuscript(**fields)
    made.front_matter = front_matter or {}
    choose_kind(made)
    return made


def test_an_article_is_news_unless_something_says_newspic() -> None:
    assert _choose().article_type == "news"
    assert _choose(images=["a.png"]).article_type == "newspic"
    assert _choose(article_type="newspic").article_type == "newspic"
    assert _choose({"article_type": "newspic", "images": ["a.png"]}).named_images == ["a.png"]


def test_images_of_a_blogs_front_matter_make_no_newspic() -> None:
    made = _choose({"images": ["og.png"]})
    assert (made.article_type, made.named_images) == ("news", [])
    assert _choose({"images": "og.png"}).article_type == "news"


def test_what_was_sent_goes_before_the_front_matter() -> None:
    made = _choose({"article_type": "newspic", "images": ["a"]}, images=["b", "c", "b"])
    assert made.named_images == ["b", "c"]
    assert _choose({"article_type": "newspic"}, article_type="news").article_type == "news"


def test_crops_and_products_are_read_from_text() -> None:
    made = _choose(
        {
            "crops": {"2.35_1": ["0", "0.25", "1", "0.75"]},
            "products": [{"product_id": "10001", "card_type": "2"}],
        }
    )
    assert made.crops == {"2.35_1": [0, 0.25, 1, 0.75]}
    assert made.products == [{"product_id": "10001", "card_type": 2}]


@pytest.mark.parametrize(
    ("front_matter", "field"),
    [
        ({"article_type": "video"}, "article_type"),
        ({"article_type": "newspic", "images": "a.png"}, "images"),
        ({"article_type": "newspic", "images": ["a.png", {}]}, "images[1]"),
        ({"products": [{"product_id": "1"}, {"id": "2"}]}, "products[1].product_id"),
        ({"crops": {"1_1": ["0", "0", "x", "1"]}}, "crops.1_1[2]"),
    ],
)
def test_wrong_front_matter_says_where(front_matter: dict[str, Any], field: str) -> None:
    with pytest.raises(FrontMatterInvalid) as caught:
        _choose(front_matter)
    assert caught.value.field == field
    assert field in str(caught.value)
