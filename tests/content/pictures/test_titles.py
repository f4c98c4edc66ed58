import pytest
from PIL import Image, ImageChops, ImageFont

from content.pictures.fonts import chinese_font
from content.pictures.titles import break_lines, plain_title, write_title

WHITE = (255, 255, 255)


@pytest.fixture
def font() -> ImageFont.FreeTypeFont:
    found = chinese_font()
    if found is None:
        pytest.skip("no font for Chinese on this machine")
    return ImageFont.truetype(found.path, 40, index=found.face)


def test_emoji_and_what_cannot_be_seen_is_left_out() -> None:
    assert plain_title("年终 🎉总结\u200b\u202e\0 👩‍💻 ©") == "年终 总结"


def test_words_stay_whole_and_punctuation_stays_with_them(font: ImageFont.FreeTypeFont) -> None:
    lines = break_lines("用 Markdown 写《微信》，再发布。完", font, 240)
    assert "".join(lines).replace(" ", "") == "用Markdown写《微信》，再发布。完"
    assert any("Markdown" in line for line in lines)
    for line in lines:
        assert line[0] not in "》，。"
        assert line[-1] != "《"
        assert font.getlength(line) <= 240


def test_an_endless_word_is_broken(font: ImageFont.FreeTypeFont) -> None:
    assert len(break_lines("x" * 64, font, 200)) > 1


@pytest.mark.parametrize("title", ["周报", "微信公众号接口网关入门", "字" * 32, "word " * 12])
def test_the_title_stays_inside_the_middle_square(title: str, font: ImageFont.FreeTypeFont) -> None:
    plain = Image.new("RGB", (900, 383), "black")
    written = plain.copy()
    write_title(written, title, ink=WHITE)
    box = ImageChops.difference(plain, written).getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert 450 - 192 <= left < right <= 450 + 192
    assert 0 < top < bottom < 383


def test_nothing_is_written_of_a_title_of_emoji() -> None:
    image = Image.new("RGB", (900, 383), "black")
    write_title(image, "🎉🎊", ink=WHITE)
    assert image.getbbox() is None
