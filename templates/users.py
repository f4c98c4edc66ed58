from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from store import templates as rows
from templates.names import named_by


async def users_of(connection: AsyncConnection, name: str) -> list[str]:
    """Who needs a template: schedules that are not over, and templates that name it."""
    schedules = await rows.live_schedules(connection)
    found = [
        f"schedule {schedule.name or schedule.id}"
        for schedule in schedules
        if _names(name, named_by(schedule.work.get("fields") or {}))
    ]
    for user, uses in await rows.users(connection):
        if user != name and _names(name, uses):
            found.append(f"template {user}")
    return found


def _names(name: str, references: Iterable[str]) -> bool:
    return any(reference.partition("@")[0] == name for reference in references)
