import pytest
from pydantic import TypeAdapter, ValidationError

from content.kinds import Crops, ImageSources, Product, is_media_id


@pytest.mark.parametrize(
    "crop",
    [[0.5, 0, 0.5, 1], [0, 1, 1, 0], [0, 0, 1.1, 1], [-0.1, 0, 1, 1], [0, 0, 1], ["x", 0, 1, 1]],
)
def test_a_crop_is_an_area_inside_of_the_picture(crop: list[object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Crops).validate_python({"1_1": crop})


def test_crops_are_of_the_ratios_that_wechat_knows() -> None:
    whole = TypeAdapter(Crops).validate_python({"2.35_1": ["0", "0.25", "1", "0.75"]})
    assert whole == {"2.35_1": (0.0, 0.25, 1.0, 0.75)}
    with pytest.raises(ValidationError):
        TypeAdapter(Crops).validate_python({"4_3": [0, 0, 1, 1]})


@pytest.mark.parametrize("images", [[], ["a.png"] * 21, [""], ["\ud800"], "a.png"])
def test_pictures_of_a_newspic_are_1_to_20_texts(images: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ImageSources).validate_python(images)


@pytest.mark.parametrize(
    "product",
    [
        {},
        {"product_id": "a b"},
        {"product_id": "<b>"},
        {"product_id": "1" * 65},
        {"product_id": "1", "card_type": 4},
        {"product_id": "1", "price": 2},
    ],
)
def test_what_is_no_product_is_refused(product: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Product.model_validate(product)


def test_a_media_id_is_told_from_a_path() -> None:
    assert is_media_id("8vFm-abcdefghijk_lmnop")
    assert not is_media_id("img/a.png")
    assert not is_media_id("short")
