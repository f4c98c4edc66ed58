from collections.abc import Mapping
from typing import Any

from content.fields import DraftFields
from jobs.fields import fields_of
from tests.store.rows import job_row


class Filler:
    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    async def filled(
        self, fields: DraftFields, *, account: str, at: float, pins: Mapping[str, int] | None
    ) -> DraftFields:
        self.asked = {"account": account, "at": at, "pins": pins}
        return fields


async def test_a_template_is_filled_in_for_the_time_that_the_job_is_due() -> None:
    filler = Filler()
    payload = {"fields": {"template": "page"}, "files": 0, "templates": {"page": 3}}
    row = job_row(payload=payload, account="main", created_at=5.0, due_at=9.0)
    assert (await fields_of(row, filler)).template == "page"
    assert filler.asked == {"account": "main", "at": 9.0, "pins": {"page": 3}}


async def test_or_for_the_time_that_it_was_made() -> None:
    filler = Filler()
    row = job_row(payload={"fields": {"markdown": "a"}, "files": 0}, created_at=5.0)
    await fields_of(row, filler)
    assert (filler.asked["at"], filler.asked["pins"]) == (5.0, None)
