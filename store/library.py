"""What WeChat holds for an account, as it was last seen."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from store.search import holds
from store.tables import intent, library, library_sync, tag
from store.upsert import insert_for

LibraryKind = Literal["draft", "publication", "material"]
SEARCH_CHARS = 300  # all titles of a draft; it stands in an index
# The column of an intent that says which job made it.
_MADE = {"draft": intent.c.media_id, "publication": intent.c.article_id}
_FEW = 2_000  # as in store/job_lists.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A draft, publication or material; see `store/tables/library.py` for the columns."""

    account: str
    kind: LibraryKind
    id: str
    type: str
    title: str
    search: str
    url: str = ""
    update_time: float
    facts: dict[str, Any] = field(default_factory=dict)
    job_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFilter:
    """Which of an account's holdings of one kind a list shows; None or empty means any."""

    account: str
    kind: LibraryKind
    types: Collection[str] = ()
    ids: Collection[str] | None = None
    updated: tuple[float | None, float | None] = (None, None)  # from, before
    tag: str | None = None
    words: Collection[str] = ()


Place = tuple[float, str]  # of one in a list: its update_time and id


async def put(connection: AsyncConnection, rows: Sequence[Holding], *, now: float) -> int:
    """Note that these are there, as they are; how many of them were not known as they are."""
    if not rows:
        return 0
    known = await _update_times(connection, rows)
    news = [row for row in rows if known.get(row.id) != row.update_time]
    values = [{**asdict(row), "seen_at": now} for row in rows]
    statement = insert_for(connection, library).values(values)
    changed = {
        name: statement.excluded[name]
        for name in ("type", "title", "search", "url", "update_time", "facts", "seen_at")
    }
    changed["job_id"] = func.coalesce(statement.excluded.job_id, library.c.job_id)
    key = ["id", "account", "kind"]
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
    await _name_jobs(connection, [row for row in news if row.job_id is None])
    return len(news)


async def _update_times(connection: AsyncConnection, rows: Sequence[Holding]) -> dict[str, float]:
    query = select(library.c.id, library.c.update_time).where(
        *_are(rows[0].account, rows[0].kind, [row.id for row in rows])
    )
    return {row.id: row.update_time for row in await connection.execute(query)}


async def _name_jobs(connection: AsyncConnection, rows: Sequence[Holding]) -> None:
    """Say of each which job of ours made it, if one did."""
    if not rows or (made := _MADE.get(rows[0].kind)) is None:
        return
    first = rows[0]
    jobs = select(func.min(intent.c.job_id)).where(
        intent.c.account == first.account, made == library.c.id
    )
    statement = (
        update(library)
        .where(*_are(first.account, first.kind, [row.id for row in rows]))
        .where(library.c.job_id.is_(None))
        .values(job_id=jobs.scalar_subquery())
    )
    await connection.execute(statement)


async def get(
    connection: AsyncConnection, account: str, kind: LibraryKind, thing_id: str
) -> Holding | None:
    """The one of that id."""
    query = select(*_COLUMNS).where(*_are(account, kind, [thing_id]))
    found = (await connection.execute(query)).one_or_none()
    return _holding(found) if found else None


async def page(
    connection: AsyncConnection, wanted: LibraryFilter, *, before: Place | None, limit: int
) -> list[Holding]:
    """At most `limit`, last changed first, after the one whose place is `before`."""
    place = (library.c.update_time, library.c.id)
    found: Select[Any] = select(*place).where(*await _conditions(connection, wanted))
    if before is not None:
        found = found.where(tuple_(*place) < tuple_(literal(before[0]), literal(before[1])))
    found = found.order_by(*(column.desc() for column in place)).limit(limit)
    ids = [row.id for row in await connection.execute(found)]
    query = select(*_COLUMNS).where(*_are(wanted.account, wanted.kind, ids))
    rows = [_holding(row) for row in await connection.execute(query)] if ids else []
    # Not by the database: SQLite would go through the whole list for its order.
    return sorted(rows, key=lambda row: ids.index(row.id))


async def _conditions(
    connection: AsyncConnection, wanted: LibraryFilter
) -> list[ColumnElement[bool]]:
    conditions = [library.c.account == wanted.account, library.c.kind == wanted.kind]
    if wanted.types:
        conditions.append(library.c.type.in_(wanted.types))
    if wanted.ids is not None:
        conditions.append(library.c.id.in_(wanted.ids))
    since, before = wanted.updated
    if since is not None:
        conditions.append(library.c.update_time >= since)
    if before is not None:
        conditions.append(library.c.update_time < before)
    if wanted.tag is not None:
        conditions.append(await _tagged(connection, wanted, wanted.tag))
    if wanted.words:
        said = and_(*holds(connection, library.c.search, wanted.words))
        conditions.append(or_(said, library.c.id.in_(wanted.words)))
    return conditions


async def _tagged(
    connection: AsyncConnection, wanted: LibraryFilter, name: str
) -> ColumnElement[bool]:
    """A condition that is quick for a tag of few and for a tag of most."""
    filed = and_(tag.c.account == wanted.account, tag.c.kind == wanted.kind, tag.c.name == name)
    of_tag = select(tag.c.subject).where(filed)
    some = of_tag.limit(_FEW + 1).subquery()
    if ((await connection.scalar(select(func.count()).select_from(some))) or 0) <= _FEW:
        return library.c.id.in_(of_tag)
    return exists().where(filed, tag.c.subject == library.c.id)


async def remove(
    connection: AsyncConnection, account: str, kind: LibraryKind, ids: Collection[str]
) -> int:
    """These are there no more, nor under any tag; how many of them were known."""
    filed = delete(tag).where(tag.c.account == account, tag.c.kind == kind, tag.c.subject.in_(ids))
    await connection.execute(filed)
    return (await connection.execute(delete(library).where(*_are(account, kind, ids)))).rowcount


async def unseen(
    connection: AsyncConnection,
    account: str,
    kind: LibraryKind,
    types: Collection[str],
    *,
    since: float,
    limit: int,
) -> list[str]:
    """At most `limit` ids of those that nobody saw since then."""
    query = select(library.c.id).where(*_shelf(account, kind, types), library.c.seen_at < since)
    return list(await connection.scalars(query.limit(limit)))


async def count(
    connection: AsyncConnection, account: str, kind: LibraryKind, types: Collection[str]
) -> int:
    """How many are known."""
    query = select(func.count()).select_from(library).where(*_shelf(account, kind, types))
    return (await connection.scalar(query)) or 0


@dataclass(frozen=True, slots=True)
class Synced:
    """When a list was last read so far that nothing was missing; see `library_sync`."""

    synced_at: float
    hidden: int


async def synced(
    connection: AsyncConnection, account: str, shelves: Iterable[str]
) -> dict[str, Synced]:
    """By shelf; those never read are not there."""
    query = select(library_sync).where(
        library_sync.c.account == account, library_sync.c.shelf.in_(list(shelves))
    )
    rows = await connection.execute(query)
    return {row.shelf: Synced(row.synced_at, row.hidden) for row in rows}


async def set_synced(connection: AsyncConnection, account: str, shelf: str, state: Synced) -> None:
    """Note that nothing was missing."""
    values = asdict(state)
    statement = insert_for(connection, library_sync).values(account=account, shelf=shelf, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["account", "shelf"], set_=values)
    )


def _are(account: str, kind: LibraryKind, ids: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (library.c.account == account, library.c.kind == kind, library.c.id.in_(ids))


def _shelf(
    account: str, kind: LibraryKind, types: Collection[str]
) -> tuple[ColumnElement[bool], ...]:
    all_of_kind = (library.c.account == account, library.c.kind == kind)
    return (*all_of_kind, library.c.type.in_(types)) if types else all_of_kind


_COLUMNS = tuple(library.c[name] for name in Holding.__dataclass_fields__)


def _holding(found: Row[Any]) -> Holding:
    return Holding(**found._mapping)  # noqa: SLF001 - the documented way to a row's names
