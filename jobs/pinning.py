from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError
from store.jobs import JobRow
from templates.shelf import find_bundle

log = structlog.get_logger(__name__)


async def pin_templates(connection: AsyncConnection, row: JobRow) -> None:
    """Note in a new job which versions its templates have now, theirs included.

    However long it waits, it is made with these. One whose template is not there, as that of a
    schedule may be, is left to fail by that when it is done.
    """
    pins: dict[str, int] = {}
    for reference in _templates_of(row.payload):
        try:
            bundle = await find_bundle(connection, reference)
        except GatewayError as exc:
            log.info("template not pinned", job_id=row.id, code=exc.code)
            return
        pins |= bundle.pins
    if pins:
        row.payload["templates"] = pins


def _templates_of(payload: dict[str, Any]) -> list[str]:
    fields = payload.get("fields")
    if not isinstance(fields, dict):
        return []
    articles = (fields, *(fields.get("articles") or ()))
    return [article["template"] for article in articles if article.get("template")]
