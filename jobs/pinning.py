import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError
from store.jobs import JobRow
from templates.names import named_by
from templates.shelf import find_bundle

log = structlog.get_logger(__name__)


async def pin_templates(connection: AsyncConnection, row: JobRow) -> None:
    """Note in a new job which versions its templates have now, theirs included.

    However long it waits, it is made with these. One whose template is not there, as that of a
    schedule may be, is left to fail by that when it is done.
    """
    pins: dict[str, int] = {}
    for reference in named_by(row.payload.get("fields") or {}):
        try:
            bundle = await find_bundle(connection, reference)
        except GatewayError as exc:
            log.info("template not pinned", job_id=row.id, code=exc.code)
            return
        pins |= bundle.pins
    if pins:
        row.payload["templates"] = pins
