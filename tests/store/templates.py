"""Templates written straight into a store."""

from typing import Any

from store import templates as rows
from store.engine import Database
from store.templates import TemplateRow, VersionRow


async def add(
    database: Database,
    name: str,
    *,
    number: int = 1,
    kind: str = "article",
    uses: list[str] | None = None,
    variables: list[dict[str, Any]] | None = None,
    description: str = "",
) -> None:
    """A template, or its next version; its text is its name and number."""
    at = float(number)
    head = TemplateRow(name=name, kind=kind, current=0, created_at=at, updated_at=at)
    row = VersionRow(
        name=name,
        number=number,
        text=f"{name} {number}",
        variables=variables or [],
        description=description,
        uses=uses or [],
        note="",
        author="client:alice",
        created_at=at,
    )
    async with database.write() as connection:
        await rows.insert(connection, head)
        await rows.add_version(connection, row)
