import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.crash import no_crash
from core.errors import GatewayError, Text
from core.metrics import Metrics
from jobs import crash_points
from jobs.changes import Changes
from jobs.claim import Claim, Done, EndRun, Later, LeaseLost
from jobs.context import JobsContext
from jobs.executor import Executor
from jobs.once import Absent, Found, Once, Resends, Unclear, order
from jobs.settings import JobsSettings
from jobs.states import State
from sandbox.server import RunningSandbox
from store import intents, jobs
from store.engine import Database, StorageUnavailable
from store.intents import IntentRow
from store.jobs import JobRow, Lease
from tests.jobs.callers import caller
from tests.jobs.journals import journal_of
from tests.jobs.rig import open_rig
from tests.store.rows import intent_row, job_row
from wechat.call import NotBegun, NotSent, OutcomeUnknown, WeChatRefused

SETTINGS = JobsSettings(reconcile_quiet_s=600, first_poll_s=(5, 30))


class Draft:
    """An effect whose sends and looks end as the test says."""

    name = "draft"
    resends: Resends = "once"
    releases = False

    def __init__(self) -> None:
        self.fingerprint = {"articles": [{"title": "t", "text_hash": "h"}]}
        self.sends: list[Mapping[str, str] | Exception] = []
        self.verdict: Found | Absent | Unclear = Absent({})
        self.sent = self.recorded = 0

    async def send(self) -> Mapping[str, str]:
        self.sent += 1
        answer = self.sends.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def record(
        self, connection: AsyncConnection, row: JobRow, answer: Mapping[str, Any]
    ) -> None:
        self.recorded += 1

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        assert intent.outcome in (None, "absent")
        return self.verdict


class Desk:
    """One job in hand at the time 100."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 100.0
        self.effect = Draft()
        self.executor = Executor(alone=False)

    def once(self, *, alone: bool = False) -> Once:
        executor = Executor(alone=True) if alone else self.executor
        changes, journal, metrics = Changes(), journal_of(self.database), Metrics()
        context = JobsContext(
            *(self.database, SETTINGS, executor, changes, journal, caller, metrics),
            *(lambda: self.now, no_crash),
        )
        return Once(context)

    async def claim(self) -> Claim:
        async with self.database.write() as connection:
            rows = await jobs.claim(
                connection, Lease(owner="me", now=self.now, until=self.now + 30), limit=1
            )
        return Claim(rows[0], self.database, Changes(), clock=lambda: self.now, lease_s=30)

    async def attempts(self) -> list[IntentRow]:
        async with self.database.read() as connection:
            return await intents.of_job(connection, "job_1", "draft")

    async def lost(self, **values: Any) -> None:
        """An earlier run sent it at 100 and died."""
        async with self.database.write() as connection:
            fingerprint = self.effect.fingerprint
            await intents.insert(connection, intent_row(fingerprint=fingerprint, **values))


@pytest.fixture
async def desk(database: Database) -> Desk:
    async with database.write() as connection:
        await jobs.insert(connection, job_row())
    return Desk(database)


async def _ends(work: Any) -> Later | Done:
    with pytest.raises(EndRun) as caught:
        await work
    return caught.value.outcome


async def test_the_answer_is_recorded_with_the_checkpoint(desk: Desk) -> None:
    desk.effect.sends = [{"media_id": "m"}]
    claim = await desk.claim()
    await desk.once().perform(claim, desk.effect)
    (attempt,) = await desk.attempts()
    assert (attempt.outcome, attempt.media_id, attempt.sent_at) == ("answered", "m", 100)
    async with desk.database.read() as connection:
        row = await jobs.get(connection, "job_1")
    assert row is not None
    assert row.checkpoint == {"media_id": "m"}


async def test_starts_before_something_was_done_are_not_held_against_the_job(desk: Desk) -> None:
    """Else one that processes were killed under at each step would be taken for what kills them."""
    async with desk.database.write() as connection:
        await jobs.move(connection, "job_1", 0, {"attempts": 2})
    desk.effect.sends = [{"media_id": "m"}]
    claim = await desk.claim()
    assert claim.row.attempts == 3
    await desk.once().perform(claim, desk.effect)
    async with desk.database.read() as connection:
        row = await jobs.get(connection, "job_1")
    assert row is not None
    assert (row.attempts, claim.row.attempts) == (1, 1)


async def test_what_is_done_is_not_done_again(desk: Desk) -> None:
    """The answer was kept by a run that had lost its lease, so the checkpoint lacks it."""
    await desk.lost(outcome="answered", answer={"media_id": "m"})
    claim = await desk.claim()
    await desk.once().perform(claim, desk.effect)
    assert (desk.effect.sent, claim.checkpoint) == (0, {"media_id": "m"})


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (WeChatRefused(errcode=45009, errmsg="", path="/p"), "refused"),
        (NotSent(reason="no route"), "not_sent"),
        (NotBegun(GatewayError()), "not_sent"),
    ],
)
async def test_an_attempt_that_changed_nothing_may_be_repeated(
    desk: Desk, failure: Exception, outcome: str
) -> None:
    desk.effect.sends = [failure, {"media_id": "m"}]
    claim = await desk.claim()
    claim.row = replace(claim.row, attempts=2)
    with pytest.raises(type(failure)):
        await desk.once().perform(claim, desk.effect)
    assert claim.row.attempts == 2  # a start that got nowhere
    await desk.once().perform(claim, desk.effect)
    assert [attempt.outcome for attempt in await desk.attempts()] == [outcome, "answered"]


async def test_a_lost_answer_is_looked_for_soon_and_not_sent_again(desk: Desk) -> None:
    desk.effect.sends = [OutcomeUnknown(reason="reset")]
    claim = await desk.claim()
    assert await _ends(desk.once().perform(claim, desk.effect)) == Later(105)
    desk.now = 105
    assert await _ends(desk.once().perform(claim, desk.effect)) == Later(130)
    desk.effect.verdict = Found({"media_id": "m"})
    await desk.once().perform(claim, desk.effect)
    assert claim.checkpoint["media_id"] == "m"
    assert [attempt.outcome for attempt in await desk.attempts()] == ["adopted"]
    assert desk.effect.sent == 1


async def test_it_is_sent_once_more_only_after_the_quiet_time(desk: Desk) -> None:
    await desk.lost(owner=desk.executor.id)
    claim = await desk.claim()
    desk.now = 125
    desk.effect.sends = [{"media_id": "m"}]
    assert await _ends(desk.once().perform(claim, desk.effect)) == Later(130)
    desk.now = 699
    claim = await desk.claim()
    assert await _ends(desk.once().perform(claim, desk.effect)) == Later(700)
    desk.now = 700
    await desk.once().perform(claim, desk.effect)
    assert [attempt.outcome for attempt in await desk.attempts()] == ["absent", "answered"]


async def test_a_sender_that_may_still_live_forbids_to_send_again(desk: Desk) -> None:
    await desk.lost(owner="elsewhere")
    desk.now = 10_000
    outcome = await _ends(desk.once().perform(await desk.claim(), desk.effect))
    assert isinstance(outcome, Done)
    assert outcome.state == State.NEEDS_REVIEW
    assert outcome.error is not None
    assert outcome.error["details"]["articles"] == [{"title": "t"}]


async def test_the_holder_of_the_lock_may_send_again_for_a_dead_one(desk: Desk) -> None:
    await desk.lost(owner="elsewhere")
    desk.now = 10_000
    desk.effect.sends = [{"media_id": "m"}]
    await desk.once(alone=True).perform(await desk.claim(), desk.effect)
    assert desk.effect.sent == 1


@pytest.mark.parametrize(
    "verdict", [Unclear(Text("乱", "unclear"), {"x": 1}), Absent({"x": 1}, resend=False)]
)
async def test_what_cannot_be_told_needs_a_person(desk: Desk, verdict: Absent | Unclear) -> None:
    await desk.lost(owner=desk.executor.id)
    desk.now = 10_000
    desk.effect.verdict = verdict
    outcome = await _ends(desk.once().perform(await desk.claim(), desk.effect))
    assert isinstance(outcome, Done)
    assert outcome.state == State.NEEDS_REVIEW
    assert outcome.error is not None
    assert outcome.error["details"]["x"] == 1
    assert desk.effect.sent == 0


async def test_there_is_no_third_attempt_into_the_unknown(desk: Desk) -> None:
    await desk.lost(outcome="absent")
    await desk.lost(attempt=2, owner=desk.executor.id)
    desk.now = 10_000
    outcome = await _ends(desk.once().perform(await desk.claim(), desk.effect))
    assert isinstance(outcome, Done)
    assert (outcome.state, desk.effect.sent) == (State.NEEDS_REVIEW, 0)


async def test_what_is_not_resent_by_itself_needs_a_person_after_the_quiet_time(desk: Desk) -> None:
    desk.effect.resends = "by_order"
    await desk.lost(owner=desk.executor.id)
    desk.now = 699
    assert await _ends(desk.once().perform(await desk.claim(), desk.effect)) == Later(700)
    desk.now = 10_000
    outcome = await _ends(desk.once().perform(await desk.claim(), desk.effect))
    assert isinstance(outcome, Done)
    assert (outcome.state, desk.effect.sent) == (State.NEEDS_REVIEW, 0)


async def test_an_order_allows_one_more_attempt_and_no_other(desk: Desk) -> None:
    """Not even if the sender may still live: only a person can know better, and has spoken."""
    desk.effect.resends = "by_order"
    await desk.lost(owner="elsewhere")
    desk.now = 10_000
    claim = await desk.claim()
    claim.checkpoint |= order(intent_row(attempt=1))
    desk.effect.sends = [OutcomeUnknown(reason="reset")]
    assert isinstance(await _ends(desk.once().perform(claim, desk.effect)), Later)
    assert [attempt.outcome for attempt in await desk.attempts()] == ["absent", None]
    desk.now = 20_000
    outcome = await _ends(desk.once().perform(claim, desk.effect))
    assert isinstance(outcome, Done)
    assert (outcome.state, desk.effect.sent) == (State.NEEDS_REVIEW, 1)


async def test_an_attempt_that_was_superseded_is_looked_for_before_the_next(desk: Desk) -> None:
    await desk.lost(outcome="absent")
    await desk.lost(attempt=2, outcome="refused")
    desk.effect.verdict = Found({"media_id": "m"})
    claim = await desk.claim()
    await desk.once().perform(claim, desk.effect)
    assert (desk.effect.sent, claim.checkpoint) == (0, {"media_id": "m"})
    assert [attempt.outcome for attempt in await desk.attempts()] == ["adopted", "refused"]
    claim.checkpoint.clear()
    await desk.once().perform(claim, desk.effect)
    assert (desk.effect.sent, claim.checkpoint) == (0, {"media_id": "m"})


async def test_nothing_is_sent_by_whoever_lost_the_job(desk: Desk) -> None:
    claim = await desk.claim()
    desk.now = 131
    await desk.claim()  # taken over
    desk.effect.sends = [{"media_id": "m"}]
    with pytest.raises(LeaseLost):
        await desk.once().perform(claim, desk.effect)
    assert (desk.effect.sent, await desk.attempts()) == (0, [])


async def test_nothing_is_sent_after_a_sleep_longer_than_the_lease(desk: Desk) -> None:
    """The process was paused between the commit of the intent and the send."""
    claim = await desk.claim()

    def sleep(name: str, /) -> None:
        if name == "draft.intent.after":
            desk.now += 31

    once = desk.once()
    once._crash = sleep
    with pytest.raises(LeaseLost):
        await once.perform(claim, desk.effect)
    assert desk.effect.sent == 0


async def test_an_answer_that_comes_after_the_takeover_is_kept(desk: Desk) -> None:
    claim = await desk.claim()
    go_on = asyncio.Event()

    async def slow() -> Mapping[str, str]:
        await go_on.wait()
        return {"media_id": "m"}

    desk.effect.send = slow  # type: ignore[method-assign]
    sending = asyncio.ensure_future(desk.once().perform(claim, desk.effect))
    while not await desk.attempts():
        await asyncio.sleep(0.01)
    desk.now = 131
    second = await desk.claim()
    go_on.set()
    with pytest.raises(LeaseLost):
        await sending
    await desk.once().perform(second, desk.effect)
    assert second.checkpoint == {"media_id": "m"}


async def test_a_cancelled_job_sends_nothing(desk: Desk) -> None:
    claim = await desk.claim()
    async with desk.database.write() as connection:
        assert await jobs.request_cancel(connection, claim.row, 100)
    outcome = await _ends(desk.once().perform(claim, desk.effect))
    assert outcome == Done(State.CANCELLED)
    assert desk.effect.sent == 0


async def test_what_another_job_adopted_first_is_looked_for_again(desk: Desk) -> None:
    await desk.lost(owner=desk.executor.id)
    async with desk.database.write() as connection:
        await jobs.insert(connection, job_row("job_2", state="succeeded"))
        await intents.insert(connection, intent_row("job_2", outcome="adopted", media_id="m"))
    desk.effect.verdict = Found({"media_id": "m"})
    claim = await desk.claim()
    assert await _ends(desk.once().perform(claim, desk.effect)) == Later(100)
    assert claim.checkpoint == {}
    assert [attempt.outcome for attempt in await desk.attempts()] == [None]


async def test_what_is_long_ago_is_not_sent_again_by_itself(desk: Desk) -> None:
    desk.effect.resends = "safely"
    await desk.lost()
    desk.now += 3_601
    claim = await desk.claim()
    outcome = await _ends(desk.once().perform(claim, desk.effect))
    assert isinstance(outcome, Done)
    assert (outcome.state, desk.effect.sent) == (State.NEEDS_REVIEW, 0)
    desk.effect.sends = [{"msg_id": "1"}]
    claim.checkpoint |= order((await desk.attempts())[0])
    await desk.once().perform(claim, desk.effect)
    assert desk.effect.sent == 1


class Outage:
    """Lets the store fail as often as the test says, at one point."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.left = 0

    def __call__(self, point: str) -> None:
        if point == self.point and self.left:
            self.left -= 1
            raise OSError("connection lost")


@pytest.mark.parametrize("effect", ["draft", "submit"])
async def test_an_answer_survives_a_store_that_is_away_for_a_moment(
    database: Database, sandbox: RunningSandbox, tmp_path: Path, effect: str
) -> None:
    outage = Outage(crash_points.record(effect))
    async with open_rig(database, sandbox, tmp_path, crash=outage) as rig:
        outage.left = 1
        row = await rig.until((await rig.submit()).id)
        assert row.state == State.SUCCEEDED
        async with database.read() as connection:
            sent = await intents.of_job(connection, row.id, effect)
        assert [intent.outcome for intent in sent] == ["answered"]


async def test_a_commit_whose_outcome_got_lost_is_not_repeated(desk: Desk) -> None:
    once, claim, outage = desk.once(), await desk.claim(), Outage("here")
    desk.effect.sends = [{"media_id": "m"}]
    write, outage.left = desk.database.write, 1

    @asynccontextmanager
    async def loses_an_answer() -> AsyncIterator[AsyncConnection]:
        async with write() as connection:
            yield connection
        if (await desk.attempts())[0].outcome == "answered" and outage.left:
            outage.left -= 1
            raise StorageUnavailable(reason="connection lost")

    desk.database.write = loses_an_answer  # type: ignore[method-assign]
    await once.perform(claim, desk.effect)
    assert (outage.left, desk.effect.sent, desk.effect.recorded) == (0, 1, 1)


async def test_a_draft_whose_writing_was_not_recorded_is_written_again(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    outage = Outage(crash_points.record("update"))
    async with open_rig(database, sandbox, tmp_path, crash=outage) as rig:
        how: dict[str, Any] = {"action": "draft", "source_id": "a.md"}
        for text, outage.left in (("一", 0), ("二", 1), ("一", 0)):
            row = await rig.until((await rig.submit(text, **how)).id)
            assert row.state == State.SUCCEEDED
        assert "unchanged" not in (row.result or {})
