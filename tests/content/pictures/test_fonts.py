from PIL import ImageFont

from content.pictures.fonts import chinese_font


def test_the_font_found_has_the_family_it_is_called_by() -> None:
    font = chinese_font()
    if font is None:  # a machine without one; covers and diagrams then do without Chinese
        return
    faces = []
    for index in range(20):
        try:
            faces.append(ImageFont.truetype(font.path, 10, index=index).getname()[0])
        except OSError:
            break
    assert font.family in faces
