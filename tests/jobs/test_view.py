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
