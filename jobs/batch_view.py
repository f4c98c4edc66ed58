from collections.abc import Sequence
from typing import Any

from core.errors import Language
from jobs.view import job_json
from store.jobs import JobHead


def items_json(
    items: Sequence[JobHead], language: Language, request_id: str
) -> list[dict[str, Any]]:
    """The items of a batch in the form of contract §5, each with the job that it is."""
    return [_item(row, language, request_id) for row in items]


def _item(row: JobHead, language: Language, request_id: str) -> dict[str, Any]:
    shown = job_json(row, language, request_id)
    item: dict[str, Any] = {"index": row.position, "state": shown["state"], "job": row.id}
    if row.title:
        item["title"] = row.title
    for name in ("result", "error"):
        if name in shown:
            item[name] = shown[name]
    for name in ("warnings", "images"):
        if told := [one for article in shown["items"] for one in article.get(name, ())]:
            item[name] = told
    return item
