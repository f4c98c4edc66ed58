"""Jobs as lists show them: filtered, searched, newest first, page by page."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from store.jobs import HEAD, JobHead, head_of
from store.search import holds
from store.tables import intent, job, tag

# Of a tag with more jobs than these, jobs are looked through for the tag, not the tag for jobs.
_FEW = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs a list shows; None or empty means any. Items of batches only by parent or id."""

    client_id: str | None = None
    reviews: Collection[str] = ()  # of these accounts also others' jobs that need approval
    account: str | None = None
    kinds: Collection[str] = ()
    states: Collection[str] = ()
    approval: str | None = None
    parent_id: str | None = None
    schedule_id: str | None = None
    ids: Collection[str] | None = None
    created: tuple[float | None, float | None] = (None, None)  # from, before
    due: tuple[float | None, float | None] = (None, None)
    tag: str | None = None
    words: Collection[str] = ()  # all of them in the title; or an id, or an error's code


async def page(
    connection: AsyncConnection, wanted: JobFilter, *, before: str | None, limit: int
) -> list[JobHead]:
    """At most `limit` jobs, newest first, older than the job `before` (ids sort by time)."""
    found: Select[Any] = select(job.c.id).where(*await _conditions(connection, wanted))
    if before is not None:
        found = found.where(job.c.id < before)
    found = found.order_by(job.c.id.desc()).limit(limit)
    ids = list(await connection.scalars(found))
    query = select(*HEAD).where(job.c.id.in_(ids)).order_by(job.c.id.desc())
    return [head_of(row) for row in await connection.execute(query)] if ids else []


async def count_by_state(connection: AsyncConnection, wanted: JobFilter) -> dict[str, int]:
    """How many jobs are in each state."""
    query = select(job.c.state, func.count().label("jobs")).group_by(job.c.state)
    query = query.where(*await _conditions(connection, wanted))
    return {row.state: row.jobs for row in await connection.execute(query)}


async def _conditions(connection: AsyncConnection, wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions = [*_own(wanted), *_equal(wanted), *_times(wanted)]
    if wanted.tag is not None:
        conditions.append(await _tagged(connection, wanted, wanted.tag))
    if wanted.words:
        conditions.append(await _said(connection, wanted))
    return conditions


def _own(wanted: JobFilter) -> list[ColumnElement[bool]]:
    if wanted.client_id is None:
        return []
    mine = job.c.client_id == wanted.client_id
    reviewed = and_(job.c.account.in_(wanted.reviews), job.c.approval.is_not(None))
    return [or_(mine, reviewed) if wanted.reviews else mine]


def _equal(wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions = [
        column == value
        for column, value in (
            (job.c.account, wanted.account),
            (job.c.approval, wanted.approval),
            (job.c.parent_id, wanted.parent_id),
            (job.c.schedule_id, wanted.schedule_id),
        )
        if value is not None
    ]
    conditions += [
        column.in_(values)
        for column, values in ((job.c.kind, wanted.kinds), (job.c.state, wanted.states))
        if values
    ]
    if wanted.ids is not None:
        conditions.append(job.c.id.in_(wanted.ids))
    elif wanted.parent_id is None:
        conditions.append(job.c.parent_id.is_(None))
    return conditions


def _times(wanted: JobFilter) -> list[ColumnElement[bool]]:
    conditions = []
    for column, (since, before) in (
        (job.c.created_at, wanted.created),
        (job.c.due_at, wanted.due),
    ):
        conditions += [column >= since] if since is not None else []
        conditions += [column < before] if before is not None else []
    return conditions


async def _tagged(connection: AsyncConnection, wanted: JobFilter, name: str) -> ColumnElement[bool]:
    """A condition that is quick for a tag of few jobs and for a tag of most."""
    of_tag = select(tag.c.subject).where(
        *(tag.c.kind == "job", tag.c.name == name),
        tag.c.account == wanted.account if wanted.account is not None else true(),
    )
    some = of_tag.limit(_FEW + 1).subquery()
    if ((await connection.scalar(select(func.count()).select_from(some))) or 0) <= _FEW:
        return job.c.id.in_(of_tag)
    return exists().where(
        *(tag.c.account == job.c.account, tag.c.kind == "job"),
        *(tag.c.subject == job.c.id, tag.c.name == name),
    )


async def _said(connection: AsyncConnection, wanted: JobFilter) -> ColumnElement[bool]:
    in_title = and_(*holds(connection, job.c.search, wanted.words))
    if len(wanted.words) > 1:
        return in_title
    (word,) = wanted.words
    return or_(in_title, job.c.error_code == word)


async def named(connection: AsyncConnection, said: str, accounts: Collection[str]) -> set[str]:
    """The jobs that `said` is the id of, or the media_id or article_id of what they made."""
    made = [
        select(intent.c.job_id).where(intent.c.account.in_(accounts), column == said)
        for column in (intent.c.media_id, intent.c.article_id)
    ]
    about = select(job.c.id).where(job.c.account.in_(accounts), job.c.subject == said)
    found = select(job.c.id).where(job.c.id == said)
    return {
        str(row[0]) for query in (found, about, *made) for row in await connection.execute(query)
    }
