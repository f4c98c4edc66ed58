from collections.abc import Mapping
from typing import Protocol

from content.fields import DraftFields
from store.jobs import JobRow


class FillsTemplates(Protocol):
    """Writes the Markdown of fields that name a template; `content.filling` does."""

    async def filled(
        self,
        fields: DraftFields,
        *,
        account: str,
        at: float,
        pins: Mapping[str, int] | None,
    ) -> DraftFields:
        """The fields without templates; `at`: the Unix time that they call now."""
        ...


async def fields_of(row: JobRow, filler: FillsTemplates) -> DraftFields:
    """What was handed in with an article job, and in the place of templates what they make.

    The same each time: by the versions of its intake (jobs/pinning.py), at the time it is due.
    """
    at = row.created_at if row.due_at is None else row.due_at
    fields = DraftFields.model_validate(row.payload["fields"])
    pins = row.payload.get("templates")
    return await filler.filled(fields, account=row.account, at=at, pins=pins)
