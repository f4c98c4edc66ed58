import base64

import pytest

from content.fields import DraftFields
from content.inline import without_inline
from content.kinds import is_media_id
from content.pictures.source import find_file, source_kind

LONG = bytes(range(256)) * 1_000
OTHER = LONG[::-1] * 9


def _data(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


async def test_long_pictures_in_the_fields_become_files() -> None:
    text = {"markdown": "x", "cover": _data(OTHER), "article_type": "newspic"}
    given = DraftFields.model_validate({**text, "images": [_data(LONG), "a.png", _data(b"short")]})
    fields, files = await without_inline(given, {"a.png": b"a"})
    assert fields.cover is not None
    assert fields.images is not None
    assert find_file(fields.cover, files, field="cover") == OTHER
    assert find_file(fields.images[0], files, field="images[0]") == LONG
    assert fields.images[1:] == ("a.png", _data(b"short"))
    assert len(files) == 3
    assert source_kind(fields.cover) == "file"
    assert not is_media_id(fields.cover)


async def test_those_of_each_article_do_and_one_picture_is_one_file() -> None:
    article = {"markdown": "x", "cover": _data(LONG)}
    given = DraftFields.model_validate({"articles": [article, article, {"markdown": "y"}]})
    fields, files = await without_inline(given, {})
    [(name, data)] = files.items()
    assert data == LONG
    assert [each.cover for each in fields.each()] == [name, name, None]
    assert fields.each()[2] == given.each()[2]


@pytest.mark.parametrize(
    "cover",
    [
        "data:text/html;base64," + "A" * 300_000,
        "data:image/png," + "A" * 300_000,
        "data:image/png;base64," + "A" * 300_000 + "!",
        "data:image/png;base64,AAA=" + "A" * 300_000,
        "data:image/png;base64," + "A" * 300_000 + "\u4e2d",
        "a" * 300_000,
    ],
)
async def test_what_is_no_clean_base64_stays_to_be_judged(cover: str) -> None:
    given = DraftFields(markdown="x", cover=cover)
    assert await without_inline(given, {}) == (given, {})
