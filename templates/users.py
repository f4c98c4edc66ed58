from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from store import templates as rows


async def users_of(connection: AsyncConnection, name: str) -> list[str]:
    """Who needs a template: schedules that are not over, and templates that name it."""
    schedules = await rows.live_schedules(connection)
    found = [
        f"schedule {schedule.name or schedule.id}"
        for schedule in schedules
        if _names(name, _templates_of(schedule.work))
    ]
    for user, uses in await rows.users(connection):
        if user != name and _names(name, uses):
            found.append(f"template {user}")
    return found


def _templates_of(work: dict[str, Any]) -> list[Any]:
    """The templates of the article, or articles, that a schedule makes."""
    fields = work.get("fields") or {}
    return [each.get("template") for each in (fields, *(fields.get("articles") or ()))]


def _names(name: str, references: list[Any]) -> bool:
    return any(str(reference).partition("@")[0] == name for reference in references)
