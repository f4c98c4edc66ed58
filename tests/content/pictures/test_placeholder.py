from io import BytesIO

from PIL import Image

from content.pictures.fonts import chinese_font
from content.pictures.placeholder import draw_placeholder


def test_it_is_a_small_quiet_png() -> None:
    for alt in ("", "一张图" * 200, "\x00\u202e😀", "a\nb"):
        data = draw_placeholder(alt)
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size) == ("PNG", (900, 240))
            assert image.getpixel((10, 10)) == (246, 247, 249)
        assert len(data) < 30_000


def test_it_bears_the_alternative_text_where_the_system_has_a_font() -> None:
    differs = draw_placeholder("一张图") != draw_placeholder("")
    assert differs == (chinese_font() is not None)
