import pytest

from content.pictures.errors import ImageTooManyPixels
from content.pictures.header import check_pixels


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16_384, 2_441), (8_000, 5_000)])
def test_what_an_article_can_show_passes(width: int, height: int) -> None:
    check_pixels(width, height, "x")


@pytest.mark.parametrize(("width", "height"), [(16_385, 1), (1, 89_000_000), (8_000, 5_001)])
def test_more_pixels_are_refused_with_their_figures(width: int, height: int) -> None:
    with pytest.raises(ImageTooManyPixels) as caught:
        check_pixels(width, height, "x.png")
    assert f"{width}×{height}" in str(caught.value)
