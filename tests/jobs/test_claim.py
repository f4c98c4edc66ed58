import asyncio

import pytest

from jobs.changes import Changes
from jobs.claim import Claim, Done, EndRun, LeaseLost
from jobs.states import State
from store import jobs
from store.engine import Database
from store.jobs import Lease
from tests.store.rows import job_row


class Hand:
    """A claim of a job that is due at 100, for 30 seconds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 100.0

    async def claim(self) -> Claim:
        async with self.database.write() as connection:
            (row,) = await jobs.claim(
                connection, Lease(owner="me", now=self.now, until=self.now + 30), limit=1
            )
        return Claim(row, self.database, Changes(), clock=lambda: self.now, lease_s=30)


@pytest.fixture
async def hand(database: Database) -> Hand:
    async with database.write() as connection:
        await jobs.insert(connection, job_row(progress={"done": 0, "total": 1}))
    return Hand(database)


async def test_checkpoint_and_progress_are_saved_together(hand: Hand) -> None:
    claim = await hand.claim()
    claim.checkpoint["a"] = 1
    claim.progress["done"] = 1
    await claim.save()
    async with hand.database.read() as connection:
        row = await jobs.get(connection, "job_1")
    assert row is not None
    assert (row.checkpoint, row.progress) == ({"a": 1}, {"done": 1, "total": 1})


async def test_a_claim_that_was_taken_over_saves_nothing(hand: Hand) -> None:
    claim = await hand.claim()
    hand.now = 131
    await hand.claim()
    with pytest.raises(LeaseLost):
        await claim.save()


async def test_holding_renews_the_lease(hand: Hand) -> None:
    claim = await hand.claim()
    hand.now = 120
    async with hand.database.write() as connection:
        await claim.hold(connection)
    hand.now = 149
    claim.check_time()
    hand.now = 150
    with pytest.raises(LeaseLost):
        claim.check_time()


async def test_a_claim_is_not_held_after_its_lease_or_against_a_cancel(hand: Hand) -> None:
    claim = await hand.claim()
    hand.now = 130
    with pytest.raises(LeaseLost):
        async with hand.database.write() as connection:
            await claim.hold(connection)
    hand.now = 131
    claim = await hand.claim()
    async with hand.database.write() as connection:
        await jobs.request_cancel(connection, claim.row, 1)
    with pytest.raises(EndRun) as caught:
        async with hand.database.write() as connection:
            await claim.hold(connection)
    assert caught.value.outcome == Done(State.CANCELLED)


async def test_the_engines_renewal_counts(hand: Hand) -> None:
    claim = await hand.claim()
    claim.renewed(500)
    hand.now = 499
    claim.check_time()


async def test_stop_waits_for_what_is_being_sent(hand: Hand) -> None:
    claim = await hand.claim()
    seen: list[str] = []

    async def run() -> None:
        async with claim.sending():
            claim.stop()
            await asyncio.sleep(0)
            seen.append("sent and recorded")
        seen.append("went on")

    claim.task = asyncio.ensure_future(run())
    with pytest.raises(asyncio.CancelledError):
        await claim.task
    assert seen == ["sent and recorded"]


async def test_stop_ends_everything_else_at_once(hand: Hand) -> None:
    claim = await hand.claim()

    async def run() -> None:
        await asyncio.Event().wait()

    claim.task = asyncio.ensure_future(run())
    claim.stop()
    with pytest.raises(asyncio.CancelledError):
        await claim.task
