import json
from typing import Any

from content.relayed.scan import scan_draft

A = "https://a.invalid/1.png"


def scan(body: bytes, *, images: bool = True, max_images: int = 10) -> dict[str, Any]:
    found, data = scan_draft({"images": images, "max_images": max_images}, body)
    assert data == b""
    return found


def draft(*contents: str, **more: Any) -> bytes:
    articles = [{"content": content, **more} for content in contents]
    return json.dumps({"articles": articles}, ensure_ascii=False).encode()


def test_a_picture_that_stands_twice_is_one_with_two_places() -> None:
    body = draft(f'一<img src="{A}">', f'二<img src="{A}">')
    found = scan(body)
    (picture,) = found["pictures"]
    assert picture == {
        "src": A,
        "kind": "article",
        "field": "articles[0].images[0]",
        "is_background": False,
    }
    assert [body[start:end].decode() for start, end, _ in found["edits"]] == [A, A]


def test_a_data_uri_is_not_sent_back() -> None:
    plain, quoted = "data:image/png;base64,AAAA", "data:image/png;base64,AA&#43;A"
    body = draft(f'<img src="{plain}"><img src="{quoted}">')
    assert [p["src"] for p in scan(body)["pictures"]] == [None, "data:image/png;base64,AA+A"]


def test_a_cover_and_a_newspics_pictures_are_pictures_where_they_are_addresses() -> None:
    listed = {"image_list": [{"image_media_id": A}, {"image_media_id": "MEDIA_ID"}]}
    found = scan(draft("x", thumb_media_id=A, image_info=listed))
    assert [(p["kind"], p["field"]) for p in found["pictures"]] == [
        ("cover", "articles[0].thumb_media_id"),
        ("material", "articles[0].image_info.image_list[0].image_media_id"),
    ]


def test_without_images_only_wrappers_are_looked_for() -> None:
    body = draft(f'<body><img src="{A}"></body>')
    found = scan(body, images=False)
    assert (found["pictures"], found["unwrapped"]) == ([], [0])
    assert {picture for _, _, picture in found["edits"]} == {-1}


def test_a_picture_in_the_wrapper_goes_with_it() -> None:
    html = f"<html><head></head><body style=\"background:url('{A}')\">x</body></html>"
    assert scan(draft(html))["pictures"] == []


def test_more_pictures_than_may_be_are_left_and_told() -> None:
    found = scan(draft("".join(f'<img src="{A}?{i}">' for i in range(5))), max_images=3)
    assert (len(found["pictures"]), found["too_many"]) == (3, True)


def test_half_a_character_does_no_harm() -> None:
    found = scan(b'{"articles": [{"content": "<img src=\\"https://a.invalid/\\ud800.png\\">"}]}')
    assert found["pictures"][0]["src"] == "https://a.invalid/?.png"


def test_what_is_no_json_is_not_readable() -> None:
    for body in (b"", b"{", b"\xff\xfe", '{"articles": "中"}'.encode("gbk")):
        assert scan(body) == {"readable": False}
