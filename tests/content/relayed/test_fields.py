import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.relayed.fields import Field, Place, Unreadable, fields_of


def read(text: str) -> list[tuple[str, str]]:
    return [(field.path, field.value) for field in fields_of(text)]


def as_written(text: str, field: Field) -> str:
    return text[field.place.of(0) : field.place.of(len(field.value))]


DRAFT: dict[str, Any] = {
    "articles": [
        {"title": "一", "content": "<p>a</p>", "thumb_media_id": "T"},
        {
            "content": "text",
            "article_type": "newspic",
            "image_info": {"image_list": [{"image_media_id": "M"}, {"image_media_id": "N"}]},
        },
    ],
    "content": "of nothing",
}


def test_the_strings_of_a_draft_are_found_with_their_paths() -> None:
    images = "articles[1].image_info.image_list"
    assert read(json.dumps(DRAFT)) == [
        ("articles[0].content", "<p>a</p>"),
        ("articles[0].thumb_media_id", "T"),
        ("articles[1].content", "text"),
        (f"{images}[0].image_media_id", "M"),
        (f"{images}[1].image_media_id", "N"),
    ]


def test_an_update_has_one_article() -> None:
    text = json.dumps({"media_id": "m", "index": 0, "articles": {"content": "c"}})
    assert read(text) == [("articles.content", "c")]


@pytest.mark.parametrize("text", ["null", "[]", "{}", '{"articles": 3}', '{"articles": [[1]]}'])
def test_what_is_no_draft_has_none(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    "text", ["", "no", "{", '{"articles"', '{"articles": [{"content": "x', '{"articles": [}', "{1}"]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_a_line_end_within_a_string_is_left_to_wechat() -> None:
    assert read('\ufeff{"articles": [{"content": "a\nb"}]}') == [("articles[0].content", "a\nb")]


@given(st.text(), st.booleans())
def test_every_character_is_found_where_it_is_written(content: str, escaped: bool) -> None:  # noqa: FBT001
    text = json.dumps({"articles": [{"content": content}]}, ensure_ascii=escaped)
    (field,) = fields_of(text)
    assert as_written(text, field) == json.dumps(content, ensure_ascii=escaped)[1:-1]
    for index in range(len(field.value)):
        written = text[field.place.of(index) : field.place.of(index + 1)]
        assert json.loads(f'"{written}"') == field.value[index]


def test_a_place_without_escapes_costs_no_table() -> None:
    assert Place("abcd", 1, 3).of(2) == 3
