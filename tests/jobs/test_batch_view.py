from dataclasses import replace

from jobs.batch_view import items_json
from tests.store.rows import job_row

WARNING = {"code": "thin", "message": {"zh": "薄", "en": "thin"}, "field": None}


def test_an_item_is_shown_with_its_job_and_what_became_of_it() -> None:
    error = {"code": "c", "message": {"zh": "坏", "en": "bad"}, "hint": {"zh": "", "en": ""}}
    done = job_row(
        "job_1", parent_id="job_b", position=0, state="succeeded", title="a.md",
        result={"mode": "draft", "media_id": "M", "images": [{"article": 0, "src": "a.png"}]},
        warnings=[{**WARNING, "article": 0}, {**WARNING, "article": 1}], progress={"articles": 2},
    )  # fmt: skip
    failed = job_row("job_2", parent_id="job_b", position=1, state="failed", error=error)
    first, second = items_json([done, replace(failed)], "zh", "req_1")
    assert first == {
        "index": 0,
        "state": "succeeded",
        "job": "job_1",
        "title": "a.md",
        "result": {"mode": "draft", "media_id": "M"},
        "warnings": [{**WARNING, "message": "薄"}] * 2,
        "images": [{"src": "a.png"}],
    }
    assert second["error"]["message"] == "坏"
    assert second.keys() == {"index", "state", "job", "error"}
