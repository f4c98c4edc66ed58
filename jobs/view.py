from collections.abc import Iterator
from typing import Any

from core.clock import rfc3339
from core.errors import Language
from jobs.failures import shown_error
from jobs.states import BATCH, State
from store.jobs import JobHead


def job_json(row: JobHead, language: Language, request_id: str) -> dict[str, Any]:
    """A job in the form of contract §5, its texts in `language`."""
    state = State(row.state)
    done, total = row.progress.get("done", 0), row.progress.get("total", 1)
    shown: dict[str, Any] = {
        "id": row.id,
        "kind": row.kind,
        "account": row.account,
        "client": row.client_id,
        "state": state,
        "created_at": rfc3339(row.created_at),
        "run_at": rfc3339(row.run_at),
        "progress": {
            "done": total if state == State.SUCCEEDED else done,
            "total": total,
            "failed": row.progress.get("failed", int(state == State.FAILED)),
        },
        # A batch's are jobs of their own: jobs/batch_view.py.
        "items": []
        if row.kind == BATCH
        else [
            _item(row, index, language, request_id)
            for index in range(row.progress.get("articles", 1))
        ],
    }
    some = {
        "title": row.title,
        "parent": row.parent_id,
        "schedule": row.schedule_id,
        "approval": row.approval,
    }
    shown |= {name: value for name, value in some.items() if value}
    if row.result:
        shown["result"] = _result(row.result, language)
    if row.error:
        shown["error"] = shown_error(row.error, language, request_id)
    return shown


def _item(row: JobHead, index: int, language: Language, request_id: str) -> dict[str, Any]:
    """One article of an article job; what is said of no one article is said of each."""
    item: dict[str, Any] = {"index": index, "state": row.state}
    if row.result:
        result = _result(row.result, language)
        urls = result.pop("urls", None)
        if urls is not None:  # WeChat may have told fewer than there are
            result["url"] = urls[index] if index < len(urls) else ""
        item["result"] = result
        if images := list(_images(row.result, index)):
            item["images"] = images
    if row.error and _concerns(row.error, index):
        item["error"] = shown_error(row.error, language, request_id)
    warnings = [
        {
            "code": warning["code"],
            "message": warning["message"][language],
            "field": warning["field"],
        }
        for warning in row.warnings or ()
        if warning.get("article", 0) == index
    ]
    if warnings:
        item["warnings"] = warnings
    return item


def _concerns(error: dict[str, Any], index: int) -> bool:
    """Whether it is about the article at `index`, going by the field it names."""
    field = error.get("field") or ""
    return not field.startswith("articles[") or field.startswith(f"articles[{index}]")


def _images(result: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
    """What became of the pictures of the article at `index`."""
    for image in result.get("images", ()):
        if image["article"] == index:
            yield {name: value for name, value in image.items() if name != "article"}


def _result(result: dict[str, Any], language: Language) -> dict[str, Any]:
    shown = {name: value for name, value in result.items() if name != "images"}
    if steps := result.get("next_steps"):
        shown["next_steps"] = steps[language]
    return shown
