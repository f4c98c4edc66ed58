"""What was published of late, or is about to be."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from store.intents import RELEASING
from store.tables import intent, is_active, job

_MOST = 500  # publications of an account in a window; WeChat takes 100 a day
# A failed job is known to have published nothing: where that is not known it needs review.
_MAY_BE_OUT = ("succeeded", "partly_failed", "needs_review")


async def same_content(
    connection: AsyncConnection, account: str, content_hash: str, *, since: float
) -> str | None:
    """The newest job that publishes that content, or has done so since then."""
    ended = and_(job.c.state.in_(_MAY_BE_OUT), job.c.updated_at >= since)
    query = (
        select(job.c.id, job.c.result)
        .where(job.c.account == account, job.c.content_hash == content_hash)
        .where(or_(is_active, ended))
        .order_by(job.c.created_at.desc())
        .limit(_MOST)
    )
    for job_id, result in await connection.execute(query):
        if (result or {}).get("mode") != "draft_ready":  # there nothing was published
            return str(job_id)
    return None


async def same_sent(
    connection: AsyncConnection,
    account: str,
    fingerprint: Mapping[str, Any],
    *,
    since: float,
    job_id: str,
) -> str | None:
    """The other job that sent the same articles, or the same draft, for publishing since then."""
    query = (
        select(intent.c.job_id, intent.c.fingerprint)
        .join(job, job.c.id == intent.c.job_id)
        .where(
            *(intent.c.account == account, intent.c.effect.in_(RELEASING)),
            *(intent.c.sent_at >= since, intent.c.job_id != job_id, job.c.state != "failed"),
            intent.c.outcome.is_(None) | intent.c.outcome.not_in(("refused", "not_sent")),
        )
        .order_by(intent.c.sent_at.desc())
        .limit(_MOST)
    )
    wanted = _said(fingerprint)
    for other, sent in await connection.execute(query):
        if sent["media_id"] == fingerprint["media_id"] or _said(sent) == wanted:
            return str(other)
    return None


def _said(fingerprint: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What followers would see: without the digest, which WeChat may have made."""
    names = ("title", "cover", "text_hash")
    return [tuple(one[name] for name in names) for one in fingerprint["articles"]]
