from typing import Any

from core.clock import rfc3339
from core.errors import Language
from jobs.failures import shown_error
from jobs.states import State
from store.jobs import JobHead


def job_json(row: JobHead, language: Language, request_id: str) -> dict[str, Any]:
    """A job in the form of contract §5, its texts in `language`."""
    state = State(row.state)
    done, total = row.progress.get("done", 0), row.progress.get("total", 1)
    shown: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "account": row.account,
        "state": state,
        "created_at": rfc3339(row.created_at),
        "run_at": rfc3339(row.run_at),
        "progress": {
            "done": total if state == State.SUCCEEDED else done,
            "total": total,
            "failed": int(state == State.FAILED),
        },
        "items": [_item(row, language, request_id)],
    }
    if row.approval:
        shown["approval"] = row.approval
    if row.result:
        shown["result"] = _result(row.result, language)
    if row.error:
        shown["error"] = shown_error(row.error, language, request_id)
    return shown


def _item(row: JobHead, language: Language, request_id: str) -> dict[str, Any]:
    """The one article of an article job."""
    item: dict[str, Any] = {"index": 0, "state": row.state}
    if row.result:
        item["result"] = _result(row.result, language)
    if row.error:
        item["error"] = shown_error(row.error, language, request_id)
    if row.warnings:
        item["warnings"] = [
            {**warning, "message": warning["message"][language]} for warning in row.warnings
        ]
    return item


def _result(result: dict[str, Any], language: Language) -> dict[str, Any]:
    steps = result.get("next_steps")
    return {**result, "next_steps": steps[language]} if steps else result
