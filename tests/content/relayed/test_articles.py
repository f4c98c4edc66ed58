import json
from typing import Any

from content.relayed.articles import read_draft


def read(articles: Any) -> tuple[list[dict[str, Any]], bytes]:
    told, contents = read_draft(
        {"max_content_bytes": 10}, json.dumps({"articles": articles}).encode()
    )
    return told["articles"], contents


def newspic(count: int) -> dict[str, Any]:
    images = [{"image_media_id": f"M{n}"} for n in range(count)]
    return {"article_type": "newspic", "image_info": {"image_list": [*images, 3, {}]}}


def test_each_article_has_its_fields_and_its_content_a_place() -> None:
    first = {"title": "题", "content": "一", "thumb_media_id": "T", "need_open_comment": 1}
    articles, contents = read([first, {"title": 7, "content": "二二"}])
    assert contents.decode() == "一二二"
    assert articles == [
        {
            "path": "articles[0]",
            "fields": {"title": "题", "cover": "T"},
            "pictures": 0,
            "content": (0, 3),
        },
        {"path": "articles[1]", "fields": {}, "pictures": 0, "content": (3, 9)},
    ]


def test_a_content_over_the_limit_is_not_handed_on() -> None:
    (article,), contents = read({"content": "x" * 11})
    assert (article["path"], article["content"], contents) == ("articles", None, b"")


def test_a_newspic_has_as_many_pictures_as_may_be_and_their_number() -> None:
    (few, many), _ = read([newspic(2), newspic(25)])
    assert (few["fields"]["images"], few["pictures"]) == (["M0", "M1"], 2)
    assert (len(many["fields"]["images"]), many["pictures"]) == (20, 25)


def test_nothing_is_longer_than_it_need_be_to_be_wrong() -> None:
    (article,), _ = read([{"title": "x" * 9_999, "thumb_media_id": "data:" * 9_999}])
    assert [len(value) for value in article["fields"].values()] == [2_000, 2_000]
    articles, _ = read([{}] * 50)
    assert len(articles) == 8


def test_what_is_no_json_is_not_readable() -> None:
    for body in (b"", b"{", b"[" * 100_000, b'{"articles": "\xff"}'):
        assert read_draft({"max_content_bytes": 10}, body) == ({"readable": False}, b"")
