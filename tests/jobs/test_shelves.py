from typing import Any

from jobs.shelves import articles_holding, shelves_of
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient
from wechat.material import MaterialClient


def _shelf(name: str) -> Any:
    call: Any = None
    clients = DraftClient(call), FreepublishClient(call), MaterialClient(call)
    return {shelf.name: shelf for shelf in shelves_of(*clients)}[name]


def test_a_draft_is_searched_by_all_of_its_articles() -> None:
    news = [
        {"title": "第一", "author": "小王", "digest": "Abc", "url": "http://x/1", "content": "<p>"},
        {"title": "第二\x00", "thumb_url": "", "article_type": "news"},
    ]
    row = _shelf("draft").holding(
        "main", {"media_id": "D1", "update_time": 9, "content": {"news_item": news}}
    )
    assert (row.id, row.type, row.title, row.url) == ("D1", "news", "第一", "http://x/1")
    assert row.search == "第一\n第二\n小王\nabc"
    told = {"title": "第一", "author": "小王", "digest": "Abc", "url": "http://x/1"}
    assert row.facts["articles"] == [told, {"title": "第二", "article_type": "news"}]


def test_a_picture_is_found_by_its_name() -> None:
    row = _shelf("image").holding("main", {"media_id": "M", "name": "A.png", "update_time": 1})
    assert (row.kind, row.type, row.title, row.search, row.url) == (
        *("material", "image", "A.png", "a.png", ""),
    )


def test_what_makes_no_sense_is_kept_as_the_store_can() -> None:
    shelf = _shelf("publication")
    for item in (
        {},
        {"article_id": None, "content": None},
        {"article_id": 1, "content": {"news_item": [1, {}]}, "update_time": "x"},
        {"article_id": "A" * 999, "content": {"news_item": "x"}, "update_time": 1e300},
        {"article_id": "A", "content": {"news_item": [{"title": 1, "author": ["x"]}]}},
    ):
        row = shelf.holding("main", item)
        assert len(row.id) <= 160
        assert 0 <= row.update_time <= 4e9
    assert _shelf("image").holding("main", {"name": 3, "url": None, "update_time": -1}).url == ""


def test_a_long_search_text_is_cut() -> None:
    news: list[Any] = [{"title": "长" * 200, "digest": "x" * 200}] * 8
    row = articles_holding("main", "draft", "D", news, update_time=1)
    assert len(row.search) == 300


def test_deleted_articles_are_marked_and_newspics_are_told() -> None:
    news: list[Any] = [
        {"title": "图", "article_type": "newspic"},
        {"title": "二", "is_deleted": True},
    ]
    row = articles_holding("main", "publication", "A", news, update_time=1, job_id="job_1")
    assert (row.type, row.job_id) == ("newspic", "job_1")
    assert [each.get("is_deleted") for each in row.facts["articles"]] == [None, True]
