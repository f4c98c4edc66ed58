"""Whatever is done to jobs in whatever order, each is published at most once, and comes to an end.

Hypothesis hands in, cancels, moves, retries, approves, loses answers, kills the process and lets
time pass.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from sqlalchemy import delete

from accounts.edits import Editor
from core.errors import GatewayError
from jobs import crash_points
from jobs.reschedule import Rescheduling
from jobs.states import State
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from store.tables import job, uploaded_image
from tests.jobs.callers import caller
from tests.jobs.mortal import Incarnation
from tests.jobs.rig import ADD, SUBMIT, Time

T = TypeVar("T")

_BREATH_S = 0.03  # real time, in which the engine gets on with what it has to do
_SENDING_S = 30
_LOST = ("reset_before_read", "reset_after_commit", "html502", "garbage", "truncate")


class Machine(RuleBasedStateMachine):
    """Jobs, an engine that may die, and a WeChat that counts."""

    jobs: Bundle[str] = Bundle("jobs")
    database_url = ""
    data_dir = Path()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.time = Time()
        self.ids: list[str] = []
        self.sandbox: RunningSandbox
        self.life: Incarnation

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.do(self._begin())

    async def _begin(self) -> None:
        opened = open_database(DatabaseSettings(url=SecretStr(self.database_url)), self.data_dir)
        database = await self.stack.enter_async_context(opened)
        await migrate(database)
        async with database.write() as connection:  # what the last example left
            await connection.execute(delete(job))
            await connection.execute(delete(uploaded_image))
        world = run_sandbox(SandboxSettings(publish_s=0.25))
        self.sandbox = await self.stack.enter_async_context(world)
        self.life = Incarnation(database, self.sandbox, self.data_dir)
        await self.life.begin(self.time)

    @rule(
        target=jobs,
        in_s=st.sampled_from([0, 0, 5, 400]),
        needs_approval=st.sampled_from([False, False, True]),
    )
    def schedule(self, in_s: float, needs_approval: bool) -> str:  # noqa: FBT001
        number = len(self.ids)
        publish_at = self.time() + in_s if in_s else None
        how = {"publish_at": publish_at, "needs_approval": needs_approval}
        row = self.do(self.life.work.submit(f"正文 {number}", title=f"文 {number}", **how))
        self.ids.append(row.id)
        return row.id

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        self._ask(self.life.work.jobs.cancel(job_id, None))

    @rule(job_id=jobs)
    def retry(self, job_id: str) -> None:
        self._ask(self.life.work.jobs.retry(job_id, None))

    @rule(job_id=jobs, in_s=st.sampled_from([-5, 5, 400]))
    def edit(self, job_id: str, in_s: float) -> None:
        """Give it another time."""
        work = self.life.work
        moving = Rescheduling(
            work.database, work.context.changes, work.engine.wake, clock=work.context.clock
        )
        self._ask(moving.move(job_id, "blog", self.time() + in_s))

    @rule(job_id=jobs)
    def approve(self, job_id: str) -> None:
        by = Editor("client:boss")
        self._ask(self.life.work.jobs.approve(job_id, caller("boss"), by))

    def _ask(self, work: Coroutine[Any, Any, object]) -> None:
        """It may be refused, by a 409 that says so."""
        try:
            self.do(work)
        except GatewayError as exc:
            if exc.status != 409:
                raise

    @rule(kind=st.sampled_from(_LOST), path=st.sampled_from([ADD, SUBMIT]))
    def lose_answer(self, kind: str, path: str) -> None:
        self.sandbox.faults.add(Fault.model_validate({"kind": kind, "path": path}))

    @rule(errcode=st.sampled_from([-1, 45009, 45011, 40001]), path=st.sampled_from([ADD, SUBMIT]))
    def refuse(self, errcode: int, path: str) -> None:
        self.sandbox.faults.add(Fault(kind="errcode", errcode=errcode, path=path))

    @rule()
    def answer(self) -> None:
        """WeChat has no faults any more."""
        self.sandbox.faults.clear()

    @rule(point=st.sampled_from(["", *crash_points.ALL]))
    def kill(self, point: str) -> None:
        self.do(self._kill(point))

    async def _kill(self, point: str) -> None:
        self.life.store.armed = point
        self.life.work.engine.wake()
        for _ in range(5 if point else 0):
            if not self.life.store.dead:
                await asyncio.sleep(_BREATH_S)
        await self.life.end()
        await asyncio.sleep(_BREATH_S)  # WeChat has what the dead one sent
        await self.life.begin(self.time)

    @rule(seconds=st.sampled_from([0.0, 0.0, 1.0, 10.0, 700.0, 86_400.0]))
    def tick(self, seconds: float) -> None:
        self.do(self._tick(seconds))

    async def _tick(self, seconds: float) -> None:
        """Both sides have the same time, always: a request on its way would take as long."""
        async with asyncio.timeout(_SENDING_S):
            while self.life.is_sending:
                await asyncio.sleep(0.001)
        self.time.ahead_s += seconds
        self.sandbox.world.clock.ahead_s = self.time.ahead_s
        self.life.work.time.ahead_s = self.time.ahead_s
        self.life.work.engine.wake()
        await asyncio.sleep(_BREATH_S)

    @invariant()
    def nothing_is_published_twice(self) -> None:
        if self.ids:
            assert all(self._published(number) <= 1 for number in range(len(self.ids)))

    def _published(self, number: int) -> int:
        entries = self.sandbox.ledger.entries("publication")
        return sum(entry.data["title"] == f"文 {number}" for entry in entries)

    def teardown(self) -> None:
        try:
            self.do(self._end())
        finally:
            self.runner.close()

    async def _end(self) -> None:
        try:
            if self.ids:
                await self._come_to_an_end()
                for number, job_id in enumerate(self.ids):
                    await self._judge(number, job_id)
        finally:
            await self.life.end()
            await self.stack.aclose()

    async def _come_to_an_end(self) -> None:
        self.sandbox.faults.clear()
        for job_id in self.ids:
            row = await self.life.work.get(job_id)
            if row.approval == "pending" and not State(row.state).is_final:
                await self.life.work.jobs.cancel(job_id, None)
        for _ in range(400):
            rows = [await self.life.work.get(job_id) for job_id in self.ids]
            left = [row for row in rows if not State(row.state).is_final]
            if not left:
                return
            wait_s = min(row.run_at for row in left) - self.time()
            idle = all(row.lease_owner is None for row in left)
            await self._tick(max(0.0, wait_s) if idle else 0.0)
        raise AssertionError([(row.id, row.state, row.error) for row in left])

    async def _judge(self, number: int, job_id: str) -> None:
        row = await self.life.work.get(job_id)
        published = self._published(number)
        match State(row.state):
            case State.SUCCEEDED:
                assert published == 1
                assert row.result is not None
                assert row.result["mode"] == "published"
            case State.NEEDS_REVIEW:
                assert published <= 1
            case _:
                assert published == 0, (row.state, row.error)
        if row.state in (State.FAILED, State.NEEDS_REVIEW):
            assert (row.error or {}).get("code")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 25), ("postgresql", 6)])
def test_no_order_of_events_publishes_twice_or_loses_a_job(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, examples: int
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else ""
    values = {"database_url": url, "data_dir": tmp_path}
    how = settings(
        max_examples=examples,
        stateful_step_count=14,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("ThisMachine", (Machine,), values), settings=how)
