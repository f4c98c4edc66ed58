import asyncio
import time
from typing import Any

import pytest

from core.clock import Clock
from core.crash import no_crash
from core.errors import GatewayError
from core.metrics import Metrics
from jobs.changes import Changes
from jobs.claim import Claim, Done, EndRun, Later, LeaseLost, Outcome
from jobs.context import JobsContext
from jobs.engine import Engine, Handler
from jobs.executor import Executor
from jobs.settings import JobsSettings
from jobs.states import State
from store import intents, jobs
from store.engine import Database, StorageUnavailable
from store.jobs import JobRow
from tests.jobs.callers import caller
from tests.jobs.journals import journal_of
from tests.store.rows import intent_row, job_row

QUICK = JobsSettings(lease_s=1, sweep_s=0.02, max_starts=3, concurrency=4, grace_s=5)


class Bench:
    """Engines on one database, and a clock that starts at 100."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 100.0
        self.metrics = Metrics()

    def engine(
        self,
        handler: Handler,
        *,
        alone: bool = False,
        clock: Clock | None = None,
        **settings: Any,
    ) -> Engine:
        context = JobsContext(
            database=self.database,
            settings=QUICK.model_copy(update=settings),
            executor=Executor(alone=alone),
            changes=Changes(),
            journal=journal_of(self.database),
            live_client=caller,
            metrics=self.metrics,
            clock=clock or (lambda: self.now),
            crash=no_crash,
        )
        return Engine(context, {"article": handler})

    async def add(self, *rows: JobRow) -> None:
        async with self.database.write() as connection:
            for row in rows:
                await jobs.insert(connection, row)

    async def get(self, job_id: str = "job_1") -> JobRow:
        async with self.database.read() as connection:
            row = await jobs.get(connection, job_id)
        assert row is not None
        return row

    async def until(self, state: State, job_id: str = "job_1") -> JobRow:
        async with asyncio.timeout(20):
            while (row := await self.get(job_id)).state != state:
                await asyncio.sleep(0.01)
            return row


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


async def _done(_claim: Claim) -> Outcome:
    return Done(State.SUCCEEDED, result={"n": 1})


async def test_a_due_job_is_run_and_its_end_recorded(bench: Bench) -> None:
    await bench.add(job_row(), job_row("job_2", run_at=101, state="scheduled"))
    async with bench.engine(_done):
        row = await bench.until(State.SUCCEEDED)
        assert (await bench.get("job_2")).state == State.SCHEDULED
        bench.now = 101
        await bench.until(State.SUCCEEDED, "job_2")
    assert (row.result, row.lease_owner, row.lease_until) == ({"n": 1}, None, None)
    assert bench.metrics.jobs.labels("article", "succeeded")._value.get() == 2


async def test_a_job_that_waits_is_only_a_row_until_its_time(bench: Bench) -> None:
    runs: list[dict[str, Any]] = []

    async def wait_once(claim: Claim) -> Outcome:
        runs.append(dict(claim.checkpoint))
        claim.checkpoint["seen"] = True
        return Later(200, State.WAITING) if len(runs) == 1 else Done(State.SUCCEEDED)

    await bench.add(job_row())
    async with bench.engine(wait_once) as engine:
        row = await bench.until(State.WAITING)
        assert (row.run_at, row.lease_owner, row.attempts) == (200, None, 0)
        assert not engine._running
        bench.now = 200
        await bench.until(State.SUCCEEDED)
    assert runs == [{}, {"seen": True}]


async def test_a_poke_during_a_run_is_not_lost(bench: Bench) -> None:
    runs = 0

    async def poked_once(claim: Claim) -> Outcome:
        nonlocal runs
        runs += 1
        if runs == 1:
            async with bench.database.write() as connection:
                await jobs.poke(connection, claim.row.id, bench.now)
        return Later(900) if runs < 3 else Done(State.SUCCEEDED)

    await bench.add(job_row())
    async with bench.engine(poked_once):
        async with asyncio.timeout(20):
            while runs < 2:
                await asyncio.sleep(0.01)
        row = await bench.until(State.RUNNING)
        while (row := await bench.get()).lease_owner is not None:
            await asyncio.sleep(0.01)
    assert (runs, row.run_at) == (2, 900)


async def test_no_more_jobs_run_at_once_than_allowed(bench: Bench) -> None:
    running, most = 0, 0

    async def busy(_claim: Claim) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return Done(State.SUCCEEDED)

    await bench.add(*(job_row(f"job_{n}") for n in range(12)))
    async with bench.engine(busy, concurrency=3):
        for n in range(12):
            await bench.until(State.SUCCEEDED, f"job_{n}")
    assert most == 3


async def test_several_engines_share_the_work(bench: Bench) -> None:
    runs: list[str] = []

    async def count(claim: Claim) -> Outcome:
        runs.append(claim.row.id)
        await asyncio.sleep(0)
        return Done(State.SUCCEEDED)

    await bench.add(*(job_row(f"job_{n}") for n in range(40)))
    async with bench.engine(count), bench.engine(count), bench.engine(count):
        for n in range(40):
            await bench.until(State.SUCCEEDED, f"job_{n}")
    assert len(runs) == len(set(runs)) == 40


async def test_a_wake_up_needs_no_sweep(bench: Bench) -> None:
    async with bench.engine(_done, sweep_s=3_600) as engine:
        await bench.add(job_row())
        engine.wake()
        await bench.until(State.SUCCEEDED)


async def test_a_job_begins_when_it_is_due_not_at_the_next_sweep(database: Database) -> None:
    bench = Bench(database)
    due = time.time() + 0.3
    begun: list[float] = []

    async def note(_claim: Claim) -> Outcome:
        begun.append(time.time())
        return Done(State.SUCCEEDED)

    await bench.add(job_row(run_at=due))
    async with bench.engine(note, clock=time.time, sweep_s=3_600):
        await bench.until(State.SUCCEEDED)
    assert begun[0] >= due


async def test_a_thousand_jobs_of_one_account_do_not_keep_another_one_waiting(
    bench: Bench,
) -> None:
    ended: list[str] = []

    async def note(claim: Claim) -> Outcome:
        ended.append(claim.row.account)
        await asyncio.sleep(0)
        return Done(State.SUCCEEDED)

    await bench.add(*(job_row(f"job_{n:03}", account="greedy", run_at=n / 10) for n in range(300)))
    await bench.add(job_row("job_late", account="late"))
    async with bench.engine(note, per_account=3):
        await bench.until(State.SUCCEEDED, "job_late")
    assert len(ended[: ended.index("late")]) <= 4


async def test_one_account_leaves_places_free_for_the_others(bench: Bench) -> None:
    running: list[str] = []
    go_on = asyncio.Event()

    async def wait(claim: Claim) -> Outcome:
        running.append(claim.row.account)
        await go_on.wait()
        return Done(State.SUCCEEDED)

    await bench.add(*(job_row(f"job_{n}", account="greedy") for n in range(9)))
    async with bench.engine(wait, per_account=3) as engine:
        while len(running) < 3:
            await asyncio.sleep(0.01)
        await bench.add(job_row("job_late", account="late"))
        engine.wake()
        while len(running) < 4:
            await asyncio.sleep(0.01)
        go_on.set()
        await bench.until(State.SUCCEEDED, "job_8")
    assert running[:4] == ["greedy"] * 3 + ["late"]


async def test_a_lease_is_kept_while_the_handler_works(bench: Bench) -> None:
    go_on = asyncio.Event()

    async def slow(_claim: Claim) -> Outcome:
        await go_on.wait()
        return Done(State.SUCCEEDED)

    await bench.add(job_row())
    async with bench.engine(slow, lease_s=1):
        first = await bench.until(State.RUNNING)
        bench.now = 101.5
        async with asyncio.timeout(10):
            while ((await bench.get()).lease_until or 0) < 102:
                await asyncio.sleep(0.02)
        go_on.set()
        row = await bench.until(State.SUCCEEDED)
    assert row.epoch == first.epoch == 1


async def test_a_bug_is_tried_again_and_then_the_job_is_put_aside(bench: Bench) -> None:
    runs = 0

    async def broken(_claim: Claim) -> Outcome:
        nonlocal runs
        runs += 1
        raise ZeroDivisionError

    await bench.add(job_row())
    async with bench.engine(broken):
        while (row := await bench.get()).state != State.FAILED:
            bench.now += 10
            await asyncio.sleep(0.01)
    assert runs == 3
    assert (row.error or {})["code"] == "quarantined"


@pytest.mark.parametrize("effect", ["submit", "mass"])
async def test_one_that_was_sent_is_put_aside_for_a_person(bench: Bench, effect: str) -> None:
    async def broken(_claim: Claim) -> Outcome:
        raise ZeroDivisionError

    await bench.add(job_row(attempts=3))
    async with bench.database.write() as connection:
        await intents.insert(connection, intent_row(effect=effect, outcome="answered"))
    async with bench.engine(broken):
        assert (await bench.until(State.NEEDS_REVIEW)).error is not None


async def test_jobs_that_a_crash_left_are_started_one_at_a_time_beside_the_new(
    bench: Bench,
) -> None:
    together: list[set[str]] = []
    running: set[str] = set()
    go_on = asyncio.Event()

    async def note(claim: Claim) -> Outcome:
        running.add(claim.row.id)
        together.append(set(running))
        await asyncio.wait_for(go_on.wait(), 20)
        await asyncio.sleep(0.01)
        running.discard(claim.row.id)
        return Done(State.SUCCEEDED)

    left = [job_row(f"job_left_{n}", attempts=1) for n in range(3)]
    await bench.add(*left, *(job_row(f"job_new_{n}") for n in range(2)))
    async with bench.engine(note):
        while len(running) < 3:
            await asyncio.sleep(0.01)
        go_on.set()
        for row in left:
            await bench.until(State.SUCCEEDED, row.id)
    assert max(sum("left" in job_id for job_id in seen) for seen in together) == 1


@pytest.mark.parametrize("outcome", [None, "answered", "adopted"])
async def test_a_job_put_aside_after_its_submit_is_for_a_person_to_look_at(
    bench: Bench, outcome: intents.Outcome | None
) -> None:
    await bench.add(job_row(attempts=3, checkpoint={"publish_id": "p"}))
    async with bench.database.write() as connection:
        await intents.insert(connection, intent_row(effect="submit", outcome=outcome))
    async with bench.engine(_done):
        row = await bench.until(State.NEEDS_REVIEW)
    assert (row.error or {})["details"] == {"publish_id": "p"}


async def test_a_failure_after_a_submit_that_was_taken_for_lost_needs_review(bench: Bench) -> None:
    async def fail(_claim: Claim) -> Outcome:
        return Done(State.FAILED)

    await bench.add(job_row())
    async with bench.database.write() as connection:
        for attempt, outcome in enumerate(("absent", "refused"), 1):
            row = intent_row(effect="submit", attempt=attempt, outcome=outcome)
            await intents.insert(connection, row)
    async with bench.engine(fail):
        await bench.until(State.NEEDS_REVIEW)


async def test_a_job_that_ends_with_something_unknown_at_wechat_needs_review(bench: Bench) -> None:
    async def fail(_claim: Claim) -> Outcome:
        return Done(State.FAILED)

    await bench.add(job_row())
    async with bench.database.write() as connection:
        await intents.insert(connection, intent_row())
    async with bench.engine(fail):
        await bench.until(State.NEEDS_REVIEW)


async def test_an_error_for_the_caller_ends_the_job_with_it(bench: Bench) -> None:
    async def refuse(_claim: Claim) -> Outcome:
        raise GatewayError

    await bench.add(job_row())
    async with bench.engine(refuse):
        row = await bench.until(State.FAILED)
    assert set((row.error or {})["message"]) == {"zh", "en"}


async def test_a_run_can_be_ended_from_anywhere(bench: Bench) -> None:
    async def deep(_claim: Claim) -> Outcome:
        raise EndRun(Done(State.CANCELLED))

    await bench.add(job_row())
    async with bench.engine(deep):
        await bench.until(State.CANCELLED)


async def test_a_cancel_asked_for_before_the_run_ends_it(bench: Bench) -> None:
    await bench.add(job_row(cancel_requested=True, checkpoint={"result": {"media_id": "m"}}))
    async with bench.engine(_done):
        row = await bench.until(State.CANCELLED)
    assert row.result == {"media_id": "m"}


async def test_whoever_lost_a_job_cannot_write_to_it(bench: Bench) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    lost: list[type[Exception]] = []

    async def paused(claim: Claim) -> Outcome:
        started.set()
        await go_on.wait()
        try:
            await claim.save()
        except LeaseLost as exc:
            lost.append(type(exc))
            raise
        return Done(State.FAILED)

    await bench.add(job_row())
    async with bench.engine(paused, lease_s=3_600):
        await started.wait()
        bench.now = 10_000  # its lease is over, as after a long pause
        async with bench.engine(_done):
            await bench.until(State.SUCCEEDED)
        go_on.set()
        while not lost:
            await asyncio.sleep(0.01)
    assert (await bench.get()).state == State.SUCCEEDED


@pytest.mark.parametrize("end", [LeaseLost(), StorageUnavailable(reason="test")])
async def test_a_start_that_others_ended_is_not_held_against_the_job(
    bench: Bench, end: Exception
) -> None:
    """Else three restarts of the database put aside a job that harms nobody."""
    starts: list[int] = []

    async def ended(claim: Claim) -> Outcome:
        starts.append(claim.row.attempts)
        raise end

    await bench.add(job_row())
    async with bench.engine(ended), asyncio.timeout(20):
        while len(starts) < 6:
            bench.now += 2  # past its lease
            await asyncio.sleep(0.05)
    assert set(starts) <= {1, 2}  # 2: taken again before it was forgiven
    assert (await bench.get()).attempts == 0


async def test_stopping_gives_back_what_is_not_being_sent(bench: Bench) -> None:
    started = asyncio.Event()

    async def forever(_claim: Claim) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    await bench.add(job_row())
    async with bench.engine(forever):
        await started.wait()
    row = await bench.get()
    assert (row.lease_owner, row.attempts, row.epoch) == (None, 0, 1)
    async with bench.engine(_done):
        await bench.until(State.SUCCEEDED)


async def test_stopping_lets_what_is_being_sent_be_recorded(bench: Bench) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def send(claim: Claim) -> Outcome:
        async with claim.sending():
            started.set()
            await go_on.wait()
            claim.checkpoint["answer"] = "recorded"
            await claim.save()
        raise AssertionError("goes on after the send")

    await bench.add(job_row())
    engine = bench.engine(send)
    await engine.__aenter__()
    await started.wait()
    stopping = asyncio.ensure_future(engine.__aexit__(None, None, None))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    go_on.set()
    await stopping
    row = await bench.get()
    assert row.checkpoint == {"answer": "recorded"}
    assert (row.state, row.lease_owner) == (State.RUNNING, None)


async def test_a_draining_engine_claims_nothing_more(bench: Bench) -> None:
    async with bench.engine(_done) as engine:
        engine.drain()
        await bench.add(job_row())
        engine.wake()
        await asyncio.sleep(0.1)
        assert (await bench.get()).state == State.ACCEPTED


async def test_the_only_process_takes_over_at_once_and_one_of_many_waits(bench: Bench) -> None:
    held = job_row(state="running", lease_owner="dead", lease_until=9_999.0, epoch=4)
    await bench.add(held)
    async with bench.engine(_done):
        await asyncio.sleep(0.1)
        assert (await bench.get()).state == State.RUNNING
    async with bench.engine(_done, alone=True):
        row = await bench.until(State.SUCCEEDED)
    assert row.epoch == 5


async def test_an_outage_of_the_database_does_not_end_the_engine(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 3

    async def failing(*args: Any, **values: Any) -> list[JobRow]:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise OSError("disk full")
        return await claim(*args, **values)

    claim = jobs.claim
    monkeypatch.setattr(jobs, "claim", failing)
    await bench.add(job_row())
    async with bench.engine(_done):
        await bench.until(State.SUCCEEDED)
    assert failures < 0


async def test_a_job_whose_time_is_over_is_not_begun(bench: Bench) -> None:
    await bench.add(job_row(skip_after=99.0), job_row("job_2", skip_after=100.0))
    async with bench.engine(_done):
        row = await bench.until(State.FAILED)
        await bench.until(State.SUCCEEDED, "job_2")
    assert row.error is not None
    assert row.error["code"] == "publish_too_late"


async def test_overdue_jobs_are_given_times_of_their_own_first(bench: Bench) -> None:
    await bench.add(*(job_row(f"job_{n}", state="scheduled", run_at=n) for n in (1, 2, 3)))
    async with bench.engine(_done, catch_up_per_minute=60):
        await bench.until(State.SUCCEEDED)
        assert (await bench.get("job_2")).run_at == 101
        bench.now = 101
        await bench.until(State.SUCCEEDED, "job_2")
        assert (await bench.get("job_3")).state == State.SCHEDULED
