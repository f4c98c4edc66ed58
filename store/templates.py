from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from store.tables import schedule, template, template_version
from store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow:
    """A template; what it says stands in its versions."""

    name: str
    kind: str
    current: int  # the number of the version in use
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """What a template says from one save to the next."""

    name: str
    number: int
    text: str
    variables: list[dict[str, Any]]
    description: str
    uses: list[str]  # templates it names: "footer", "footer@2"
    note: str
    author: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleUse:
    """A schedule that is not over, and the work that it does."""

    id: str
    name: str
    work: dict[str, Any]


async def find(connection: AsyncConnection, name: str, *, lock: bool = False) -> TemplateRow | None:
    """The template; with `lock` nobody else changes it before the caller commits."""
    query = select(template).where(template.c.name == name)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return TemplateRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's own name


async def version(
    connection: AsyncConnection, name: str, number: int | None = None
) -> VersionRow | None:
    """One version of a template; without a `number` the one in use."""
    query = select(template_version).where(template_version.c.name == name)
    if number is None:
        query = query.join(template).where(template_version.c.number == template.c.current)
    else:
        query = query.where(template_version.c.number == number)
    row = (await connection.execute(query)).one_or_none()
    return _version(row) if row else None


async def versions(
    connection: AsyncConnection, name: str, *, below: int | None, limit: int
) -> list[VersionRow]:
    """Versions, newest first, with numbers below `below`."""
    query = (
        select(template_version)
        .where(template_version.c.name == name)
        .order_by(template_version.c.number.desc())
        .limit(limit)
    )
    if below is not None:
        query = query.where(template_version.c.number < below)
    return [_version(row) for row in await connection.execute(query)]


async def page(
    connection: AsyncConnection, *, kind: str | None, search: str, after: str, limit: int
) -> list[tuple[TemplateRow, VersionRow]]:
    """Templates with the version in use, by name; `search` is part of a name or description."""
    columns = [column.label(f"t_{column.name}") for column in template.c]
    query = (
        select(template_version, *columns)
        .join(template)
        .where(template_version.c.number == template.c.current, template.c.name > after)
        .order_by(template.c.name)
        .limit(limit)
    )
    if kind is not None:
        query = query.where(template.c.kind == kind)
    if search:
        wanted = search.lower()
        query = query.where(
            or_(
                template.c.name.contains(wanted, autoescape=True),
                func.lower(template_version.c.description).contains(wanted, autoescape=True),
            )
        )
    return [_both(row) for row in await connection.execute(query)]


async def insert(connection: AsyncConnection, row: TemplateRow) -> bool:
    """Add a template; False if its name is taken."""
    statement = insert_for(connection, template).values(asdict(row)).on_conflict_do_nothing()
    return (await connection.execute(statement)).rowcount == 1


async def add_version(connection: AsyncConnection, row: VersionRow) -> None:
    """Add a version and put it in use; the caller holds the template."""
    await connection.execute(template_version.insert().values(asdict(row)))
    await connection.execute(
        update(template)
        .where(template.c.name == row.name)
        .values(current=row.number, updated_at=row.created_at)
    )


async def remove(connection: AsyncConnection, name: str) -> None:
    """Remove a template with its versions: ON DELETE CASCADE."""
    await connection.execute(delete(template).where(template.c.name == name))


async def users(connection: AsyncConnection) -> list[tuple[str, list[str]]]:
    """Each template with those that its version in use names."""
    query = (
        select(template_version.c.name, template_version.c.uses)
        .join(template)
        .where(template_version.c.number == template.c.current)
        .order_by(template_version.c.name)
    )
    return [(row.name, row.uses) for row in await connection.execute(query)]


async def live_schedules(connection: AsyncConnection) -> Iterable[ScheduleUse]:
    """The schedules that are not over."""
    query = select(schedule.c.id, schedule.c.name, schedule.c.work)
    rows = await connection.execute(query.where(schedule.c.state != "ended"))
    return [ScheduleUse(id=row.id, name=row.name, work=row.work) for row in rows]


def _version(row: Row[Any]) -> VersionRow:
    return VersionRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name


def _both(row: Row[Any]) -> tuple[TemplateRow, VersionRow]:
    named = row._mapping  # noqa: SLF001 - SQLAlchemy's own name
    own = {name: named[name] for name in template_version.c.keys()}  # noqa: SIM118 - columns
    above = {name: named[f"t_{name}"] for name in template.c.keys()}  # noqa: SIM118
    return TemplateRow(**above), VersionRow(**own)
