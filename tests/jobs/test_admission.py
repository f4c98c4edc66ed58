from typing import Any

import pytest

from jobs.admission import DraftBusy, hold_draft
from jobs.changes import Changes
from jobs.claim import Claim, LeaseLost
from store.engine import Database
from store.jobs import JobRow
from tests.jobs.office import Office


def in_hand(office: Office, row: JobRow) -> Claim:
    how: dict[str, Any] = {"clock": lambda: office.now, "lease_s": 30}
    return Claim(row, office.database, Changes(), **how)


async def test_a_job_holds_the_draft_it_came_to_until_it_is_over(
    office: Office, database: Database
) -> None:
    row = await office.put(id="job_1")
    await hold_draft(database, in_hand(office, row), "M")
    with pytest.raises(DraftBusy):
        await hold_draft(database, in_hand(office, await office.put(id="job_2")), "M")
    await office.jobs.cancel("job_1", None)
    await hold_draft(database, in_hand(office, await office.put(id="job_3")), "M")


async def test_who_lost_the_job_holds_nothing(office: Office, database: Database) -> None:
    row = await office.put(id="job_1", epoch=4)
    stale = in_hand(office, JobRow(**{**_values(row), "epoch": 3}))
    with pytest.raises(LeaseLost):
        await hold_draft(database, stale, "M")
    await hold_draft(database, in_hand(office, await office.put(id="job_2")), "M")


def _values(row: JobRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
