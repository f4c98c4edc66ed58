from content.pictures.errors import ImageInvalid
from content.relayed.notes import note_of
from core.errors import Text


def test_a_picture_that_failed_is_told_with_its_place_and_what_stands_for_it() -> None:
    error = ImageInvalid(picture="a.png")
    note = note_of(error, "articles[0].images[1]", Text("原地址保留", "its address stays"))
    assert (note.rule, note.level, note.field) == (
        "image_failed",
        "warning",
        "articles[0].images[1]",
    )
    assert note.message.zh == "图片已损坏，无法解码：a.png；原地址保留"
    assert note.message.en == "the picture is broken: a.png; its address stays"
