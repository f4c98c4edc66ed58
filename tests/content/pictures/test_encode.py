from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from content.pictures.encode import encode, resized
from content.pictures.errors import ImageCannotFit
from content.pictures.target import ARTICLE, MATERIAL, THUMB
from tests.content.conftest import halves, photo


def _clear() -> Image.Image:
    image = photo(300, 200).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((300, 200)))
    return image


def test_alpha_stays_where_the_target_takes_png() -> None:
    assert encode(_clear(), MATERIAL, 85, "x").content_type == "image/png"
    flat = encode(_clear(), THUMB, 85, "x")
    assert flat.content_type == "image/jpeg"
    with Image.open(BytesIO(flat.data)) as image:
        corner = image.getpixel((0, 0))
    assert min(corner) > 240  # type: ignore[arg-type]


def test_alpha_that_is_nowhere_clear_is_no_reason_for_a_png() -> None:
    assert encode(photo(50, 50).convert("RGBA"), ARTICLE, 85, "x").content_type == "image/jpeg"


def test_few_colours_lose_nothing_and_many_become_a_jpeg() -> None:
    drawn = encode(halves(), ARTICLE, 85, "x")
    with Image.open(BytesIO(drawn.data)) as image:
        assert image.convert("RGB").tobytes() == halves().tobytes()
    assert encode(photo(50, 50), ARTICLE, 85, "x").content_type == "image/jpeg"


@pytest.mark.parametrize("limit", [2_000, 8_000, 30_000, 64_000])
def test_noise_fits_any_limit_in_a_few_tries(limit: int) -> None:
    encoded = encode(photo(900, 600), replace(ARTICLE, max_bytes=limit), 95, "x")
    assert limit / 4 < len(encoded.data) <= limit
    assert encoded.squeezed


def test_what_cannot_be_made_to_fit_names_the_limit() -> None:
    with pytest.raises(ImageCannotFit, match="200"):
        encode(photo(900, 600), replace(ARTICLE, max_bytes=200), 85, "x")


def test_a_size_keeps_its_proportions_and_is_never_nothing() -> None:
    assert resized(photo(300, 200), 150).size == (150, 100)
    assert resized(photo(300, 1), 10).size == (10, 1)
