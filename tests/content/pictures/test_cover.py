from io import BytesIO

from PIL import Image

from content.pictures.cover import draw_cover


def test_a_cover_has_the_shape_of_wechats_lists() -> None:
    data = draw_cover("微信公众号")
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (900, 383))
    assert len(data) < 200_000


def test_the_same_title_has_the_same_cover_and_another_one_another() -> None:
    assert draw_cover("a") == draw_cover("a") != draw_cover("b")


def test_any_title_can_be_drawn() -> None:
    for title in ("", "😀" * 32, "字" * 32, "\0\n\u202e", "x" * 500):
        assert draw_cover(title).startswith(b"\xff\xd8")
