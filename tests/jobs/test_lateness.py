import pytest

from jobs.lateness import LatePolicy, is_too_late
from store import intents, jobs
from store.engine import Database
from tests.store.rows import intent_row, job_row


def test_only_with_skip_a_time_ends() -> None:
    assert LatePolicy().skip_after(100) is None
    assert LatePolicy("skip", 60).skip_after(100) == 160


@pytest.mark.parametrize(("now", "late"), [(160, False), (160.1, True)])
async def test_it_is_late_after_the_time_that_it_may_be_late(
    database: Database, now: float, *, late: bool
) -> None:
    assert await is_too_late(database, job_row(skip_after=160), now) is late
    assert not await is_too_late(database, job_row(), now)


@pytest.mark.parametrize(
    ("effect", "outcome", "late"),
    [("draft", "answered", True), ("submit", None, False), ("submit", "answered", False),
     ("submit", "refused", True)],
)  # fmt: skip
async def test_what_was_submitted_or_may_have_been_is_not_given_up(
    database: Database, effect: str, outcome: str | None, *, late: bool
) -> None:
    row = job_row(action="publish", skip_after=160)
    async with database.write() as connection:
        await jobs.insert(connection, row)
        await intents.insert(connection, intent_row(effect=effect, outcome=outcome))
    assert await is_too_late(database, row, 200) is late
