from typing import Any

import pytest
from PIL import Image

from content.pictures.crops import RATIOS, center_crops, find_crops
from tests.content.conftest import encode, photo


def _crops(
    image: Image.Image, kind: str = "PNG", *, centred: bool = False, **more: Any
) -> list[Any]:
    content_type = f"image/{kind.lower()}"
    arguments = {"content_type": content_type, "picture": "x", "centred": centred}
    result, _ = find_crops(arguments, encode(image, kind, **more))
    return [result["2.35_1"], result["1_1"]]


def _detail_at(x: int, y: int, width: int = 600, height: int = 400) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    image.paste(photo(90, 90), (x, y))
    return image


@pytest.mark.parametrize(
    ("width", "height"), [(600, 400), (400, 900), (1_200, 300), (235, 100), (7, 5)]
)
def test_both_parts_have_their_shape_and_are_as_large_as_can_be(width: int, height: int) -> None:
    for centred in (True, False):
        for ratio, crop in zip(
            RATIOS.values(), _crops(photo(width, height), centred=centred), strict=True
        ):
            x1, y1, x2, y2 = crop
            wide, high = (x2 - x1) * width, (y2 - y1) * height
            assert wide / high == pytest.approx(ratio, rel=1e-4)
            assert max((x2 - x1), (y2 - y1)) == 1


@pytest.mark.parametrize(("x", "y"), [(10, 150), (490, 150), (255, 10), (255, 300)])
def test_the_part_with_the_detail_is_shown(x: int, y: int) -> None:
    for x1, y1, x2, y2 in _crops(_detail_at(x, y)):
        assert x1 * 600 <= x + 5
        assert x + 85 <= x2 * 600
        assert y1 * 400 <= y + 5
        assert y + 85 <= y2 * 400


def test_where_nothing_stands_out_the_middle_is_shown() -> None:
    plain = Image.new("RGB", (600, 400), "navy")
    assert _crops(plain) == _crops(photo(600, 400), centred=True)
    assert _crops(plain) == list(center_crops(600, 400).values())


def test_the_picture_is_looked_at_as_it_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    # Lying on its side: what is at its left is above when it is upright, 400 × 600.
    _, square = _crops(_detail_at(10, 150), "JPEG", exif=exif, quality=95)
    assert square[1] < 0.05
    assert square[2] - square[0] == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(1_080, 6), (10_000, 1), (1, 10_000), (2, 1_080)])
def test_a_line_has_crops_too(kind: str, size: tuple[int, int]) -> None:
    data = encode(Image.new("RGB", size, "red"), kind)
    arguments = {"content_type": f"image/{kind.lower()}", "picture": "x", "centred": False}
    found, _ = find_crops(arguments, data)
    assert found.keys() == {"2.35_1", "1_1"}
    for x1, y1, x2, y2 in found.values():
        assert 0 <= x1 < x2 <= 1
        assert 0 <= y1 < y2 <= 1
