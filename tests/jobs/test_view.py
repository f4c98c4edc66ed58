from typing import Any

from jobs.failures import stored_error
from jobs.manual_steps import steps_by_hand
from jobs.states import State
from jobs.view import job_json
from tests.store.rows import job_row
from wechat.call import WeChatRefused


def _row(**values: Any) -> dict[str, Any]:
    return job_json(job_row(**values), "en", "req_1")


def test_a_job_has_the_form_of_the_contract() -> None:
    row = job_row(
        run_at=1_763_740_800.0, created_at=1_763_740_799.5, progress={"done": 2, "total": 5}
    )
    assert job_json(row, "zh", "") == {
        "id": "job_1",
        "kind": "article",
        "account": "main",
        "client": "blog",
        "state": "accepted",
        "created_at": "2025-11-21T15:59:59.500Z",
        "run_at": "2025-11-21T16:00:00.000Z",
        "progress": {"done": 2, "total": 5, "failed": 0},
        "items": [{"index": 0, "state": "accepted"}],
    }


def test_success_is_full_progress_and_failure_is_a_failed_one() -> None:
    progress = {"done": 2, "total": 5}
    succeeded = _row(state=State.SUCCEEDED, progress=progress)["progress"]
    failed = _row(state=State.FAILED, progress=progress)["progress"]
    assert succeeded == {"done": 5, "total": 5, "failed": 0}
    assert failed == {"done": 2, "total": 5, "failed": 1}


def test_texts_are_in_the_readers_language() -> None:
    result = {"mode": "draft_ready", "media_id": "m", "next_steps": steps_by_hand("标题")}
    error = stored_error(WeChatRefused(errcode=40164, errmsg="x", path="/p"))
    warnings = [{"code": "w", "message": {"zh": "注意", "en": "mind"}, "field": None}]
    row = job_row(result=result, error=error, warnings=warnings)
    for language, word in (("zh", "注意"), ("en", "mind")):
        shown = job_json(row, language, "req_1")  # type: ignore[arg-type]
        (item,) = shown["items"]
        assert shown["result"]["next_steps"] == steps_by_hand("标题")[language]
        assert item["result"] == shown["result"]
        assert item["error"] == shown["error"]
        assert shown["error"]["request_id"] == "req_1"
        assert item["warnings"] == [{"code": "w", "message": word, "field": None}]


def _several(**values: Any) -> list[dict[str, Any]]:
    progress = {"done": 1, "total": 2, "articles": 2}
    items: list[dict[str, Any]] = _row(progress=progress, **values)["items"]
    assert [item["index"] for item in items] == [0, 1]
    return items


def test_each_of_several_articles_has_its_own_address_and_warnings() -> None:
    result = {"mode": "published", "article_id": "a", "url": "/1", "urls": ["/1", "/2"]}
    thin = {"code": "w", "message": {"zh": "薄", "en": "thin"}, "field": "articles[1].markdown"}
    first, second = _several(
        state=State.SUCCEEDED, result=result, warnings=[{**thin, "article": 1}]
    )
    assert first["result"] == {"mode": "published", "article_id": "a", "url": "/1"}
    assert second["result"]["url"] == "/2"
    assert "warnings" not in first
    assert second["warnings"] == [{"code": "w", "message": "thin", "field": "articles[1].markdown"}]


def test_an_address_that_wechat_did_not_tell_is_empty() -> None:
    result = {"mode": "published", "url": "/1", "urls": ["/1"]}
    first, second = _several(state=State.SUCCEEDED, result=result)
    assert (first["result"]["url"], second["result"]["url"]) == ("/1", "")


def test_an_error_stands_with_the_article_it_names_or_with_all() -> None:
    error = stored_error(WeChatRefused(errcode=45003, errmsg="x", path="/p"))
    first, second = _several(state=State.FAILED, error={**error, "field": "articles[1].title"})
    assert ("error" in first, second["error"]["field"]) == (False, "articles[1].title")
    assert all("error" in item for item in _several(state=State.FAILED, error=error))


def test_pictures_stand_with_their_article_and_not_in_the_result() -> None:
    images = [
        {"article": index, "field": "images[0]", "src": "a.png", "status": "uploaded"}
        for index in (0, 1, 1)
    ]
    result = {"mode": "draft", "media_id": "m", "images": images}
    shown = _row(state=State.SUCCEEDED, result=result, progress={"articles": 2})
    assert shown["result"] == {"mode": "draft", "media_id": "m"}
    assert [len(item["images"]) for item in shown["items"]] == [1, 2]
    assert "article" not in shown["items"][0]["images"][0]
    assert "images" not in shown["items"][0]["result"]
