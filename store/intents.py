from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import intent, is_active, job

Outcome = Literal["answered", "adopted", "refused", "not_sent", "absent"]
RELEASING = ("submit", "mass")  # the effects that followers see
_HAPPENED: tuple[Outcome, ...] = ("answered", "adopted")

# Of a job: WeChat is known to have taken what followers see.
is_released = exists().where(
    *(intent.c.job_id == job.c.id, intent.c.effect.in_(RELEASING)),
    intent.c.outcome.in_(_HAPPENED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRow:
    """One attempt to change something at WeChat, written down before it is sent."""

    job_id: str
    effect: str
    attempt: int
    account: str
    fingerprint: dict[str, Any]
    owner: str
    epoch: int
    sent_at: float
    outcome: Outcome | None = None  # None: nobody knows what came of it
    answer: dict[str, Any] | None = None
    media_id: str | None = None
    article_id: str | None = None
    receipt: str | None = None


async def insert(connection: AsyncConnection, row: IntentRow) -> None:
    """Write down what is about to be sent."""
    values = {name: getattr(row, name) for name in IntentRow.__dataclass_fields__}
    await connection.execute(intent.insert().values(values))


async def of_job(connection: AsyncConnection, job_id: str, effect: str) -> list[IntentRow]:
    """A job's attempts at one effect, oldest first."""
    query = (
        select(intent)
        .where(intent.c.job_id == job_id, intent.c.effect == effect)
        .order_by(intent.c.attempt)
    )
    return [_row(found) for found in await connection.execute(query)]


async def settle(
    connection: AsyncConnection,
    row: IntentRow,
    outcome: Outcome,
    *,
    answer: Mapping[str, Any] | None = None,
    by_hand: bool = False,
) -> bool:
    """Record what came of an attempt, once; False if that is recorded already.

    No epoch is asked for: an answer is a fact, whoever holds the job by now. It also counts
    where the attempt had been taken for lost ("absent"), and so does what a person found.
    """
    fact = by_hand or outcome in _HAPPENED
    unsettled, lost = intent.c.outcome.is_(None), intent.c.outcome == "absent"
    statement = (
        update(intent)
        .where(*_is(row), unsettled | lost if fact else unsettled)
        .values(outcome=outcome, answer=dict(answer or {}))
    )
    return (await connection.execute(statement)).rowcount == 1


async def own(connection: AsyncConnection, row: IntentRow, made: Mapping[str, Any]) -> bool:
    """Note the `media_id` or `article_id` that an attempt made; False if another job has it.

    And the `publish_id` or `msg_id` that it is told of by.
    """
    return await _own(connection, _is(row), made)


async def own_article(connection: AsyncConnection, job_id: str, article_id: str) -> bool:
    """Note which article a job's draft became; False if another job has it."""
    submits = (intent.c.job_id == job_id, intent.c.effect == "submit")
    last = select(func.max(intent.c.attempt)).where(*submits).scalar_subquery()
    where = (*submits, intent.c.attempt == last)
    return await _own(connection, where, {"article_id": article_id})


async def _own(
    connection: AsyncConnection, where: tuple[ColumnElement[bool], ...], made: Mapping[str, Any]
) -> bool:
    ids = {name: made[name] for name in ("media_id", "article_id") if name in made}
    if receipt := made.get("publish_id") or made.get("msg_id"):
        ids["receipt"] = str(receipt)
    if not ids:
        return True
    try:
        async with connection.begin_nested():
            await connection.execute(update(intent).where(*where).values(**ids))
    except IntegrityError:
        return False
    return True


async def job_of_receipt(
    connection: AsyncConnection, account: str, effect: str, receipt: str
) -> str | None:
    """The job that WeChat took something from under that publish_id or msg_id."""
    query = select(intent.c.job_id).where(
        intent.c.account == account, intent.c.receipt == receipt, intent.c.effect == effect
    )
    return (await connection.scalars(query.limit(1))).first()


async def jobs_in_doubt(
    connection: AsyncConnection, account: str, effect: str, *, limit: int
) -> list[str]:
    """Jobs of the account that have sent such an effect and do not know what came of it."""
    query = (
        select(intent.c.job_id)
        .join(job, job.c.id == intent.c.job_id)
        .where(intent.c.account == account, intent.c.effect == effect)
        .where(intent.c.outcome.is_(None), is_active)
        .limit(limit)
    )
    return list((await connection.scalars(query)).all())


async def doubtful(connection: AsyncConnection, job_id: str) -> IntentRow | None:
    """The newest attempt of a job that may have worked without anybody knowing, if there is one.

    That is one without an outcome; and a submit that was taken for lost and sent again, since
    WeChat may take longer to publish than anybody waited. A draft that is late harms nobody.
    """
    lost = intent.c.effect.in_(RELEASING) & (intent.c.outcome == "absent")
    query = (
        select(intent)
        .where(intent.c.job_id == job_id, intent.c.outcome.is_(None) | lost)
        .order_by(intent.c.sent_at.desc(), intent.c.attempt.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).one_or_none()
    return _row(found) if found else None


async def has_passed(connection: AsyncConnection, job_id: str, *effects: str) -> bool:
    """Whether any of the effects happened, or may have happened (see `doubtful`)."""
    harmless = intent.c.outcome.in_(("refused", "not_sent")) | (
        (intent.c.effect == "draft") & (intent.c.outcome == "absent")
    )
    query = select(intent.c.attempt).where(
        *(intent.c.job_id == job_id, intent.c.effect.in_(effects)),
        intent.c.outcome.is_(None) | ~harmless,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def drafts_of_others(
    connection: AsyncConnection, account: str, media_ids: Iterable[str], *, job_id: str
) -> set[str]:
    """Which of the drafts are known to be other jobs'."""
    query = select(intent.c.media_id).where(
        *(intent.c.account == account, intent.c.job_id != job_id),
        intent.c.effect == "draft",
        intent.c.media_id.in_(list(media_ids)),
    )
    return {str(found) for found in await connection.scalars(query)}


async def articles_of_others(
    connection: AsyncConnection, account: str, article_ids: Iterable[str], *, job_id: str
) -> set[str]:
    """Which of the published articles are known to be other jobs'."""
    query = select(intent.c.article_id).where(
        *(intent.c.account == account, intent.c.job_id != job_id),
        intent.c.article_id.in_(list(article_ids)),
    )
    return {str(found) for found in await connection.scalars(query)}


def _is(row: IntentRow) -> tuple[ColumnElement[bool], ...]:
    return (
        intent.c.job_id == row.job_id,
        intent.c.effect == row.effect,
        intent.c.attempt == row.attempt,
    )


def _row(found: Row[Any]) -> IntentRow:
    return IntentRow(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
