"""What stands in the way of a job: another one that is at the same draft."""

from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs.claim import Claim, LeaseLost
from store import jobs as job_rows
from store import locks
from store.engine import Database
from store.jobs import JobHead


class DraftBusy(GatewayError):
    """Another job is about to publish or change the same draft."""

    status = 409
    code = "draft_busy"
    category = "params"
    message = Text(
        "草稿 {media_id} 正由任务 {job_id} 处理", "draft {media_id} is in the hands of {job_id}"
    )
    hint = Text("等那个任务结束，或先取消它", "wait for the end of that job, or cancel it first")


async def admit(connection: AsyncConnection, row: JobHead) -> None:
    """Make sure that the job may become active, in the transaction that makes it so.

    Raises DraftBusy.
    """
    if row.subject is not None:
        await _keep_off(connection, row, row.subject)


async def hold_draft(database: Database, claim: Claim, media_id: str) -> None:
    """Let the job be the one that is at the draft, from now to its end. Raises DraftBusy."""
    async with database.write() as connection:
        await _keep_off(connection, claim.row, media_id)
        if not await claim.move(connection, subject=media_id):
            raise LeaseLost


async def _keep_off(connection: AsyncConnection, row: JobHead, media_id: str) -> None:
    await locks.serialize(connection, f"draft {row.account} {media_id}")
    holder = await job_rows.holder(connection, row.account, media_id)
    if holder is not None and holder != row.id:
        raise DraftBusy(media_id=media_id, job_id=holder)
