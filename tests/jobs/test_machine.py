"""Whatever is done to jobs in whatever order, each is published at most once, and comes to an end.

Hypothesis hands in, cancels, moves, retries, approves, loses answers, kills the process and lets
time pass.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pydantic import SecretStr
from sqlalchemy import delete

from accounts.edits import Editor
from core.errors import GatewayError
from jobs import crash_points
from jobs.draft_publication import DraftPublication
from jobs.reschedule import Rescheduling
from jobs.states import State
from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from store.tables import job, source, uploaded_image
from tests.jobs.callers import caller
from tests.jobs.mortal import Incarnation
from tests.jobs.rig import ADD, SUBMIT, Time

T = TypeVar("T")

_BREATH_S = 0.03  # real time, in which the engine gets on with what it has to do
_PATIENCE = 20  # breaths until a job has come to where it is to die, if it ever does
_SENDING_S = 30
_SOURCE = "a.md"
_MOST_OF_A_SOURCE = 5
# Those of the one effect that is not to be taken back more often.
_POINTS = (*crash_points.ALL, *(name for name in crash_points.ALL if "submit" in name))
_LOST = ("reset_before_read", "reset_after_commit", "html502", "garbage", "truncate")


class Machine(RuleBasedStateMachine):
    """Jobs, an engine that may die, and a WeChat that counts."""

    jobs: Bundle[str] = Bundle("jobs")
    pending: Bundle[str] = Bundle("pending")  # those of them that somebody has to approve
    database_url = ""
    data_dir = Path()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.time = Time()
        self.families: dict[str, str] = {}  # of jobs, by their ids: who have to do with one draft
        self.titles: dict[str, str] = {}  # that a job's family may publish
        self.media_id = ""  # of the draft that all examples begin with
        self.sandbox: RunningSandbox
        self.life: Incarnation

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(publish_s=st.sampled_from([0.25, 3.0, 3.0]))
    def begin(self, publish_s: float) -> None:
        self.do(self._begin(publish_s))

    async def _begin(self, publish_s: float) -> None:
        opened = open_database(DatabaseSettings(url=SecretStr(self.database_url)), self.data_dir)
        database = await self.stack.enter_async_context(opened)
        await migrate(database)
        async with database.write() as connection:  # what the last example left
            await connection.execute(delete(job))
            await connection.execute(delete(source))
            await connection.execute(delete(uploaded_image))
        world = run_sandbox(SandboxSettings(publish_s=publish_s))
        self.sandbox = await self.stack.enter_async_context(world)
        self.life = Incarnation(database, self.sandbox, self.data_dir)
        await self.life.begin(self.time)
        draft = await self.life.work.submit("正文", title="文", action="draft", source_id=_SOURCE)
        self.media_id = (await self.life.work.until(draft.id)).checkpoint["media_id"]
        self.families[draft.id], self.titles["文"] = _SOURCE, _SOURCE

    @rule(target=jobs, in_s=st.sampled_from([0, 0, 5, 400]))
    def schedule(self, in_s: float) -> str:
        return self._hand_in(publish_at=self.time() + in_s if in_s else None)

    @rule(targets=(jobs, pending))
    def ask_for_approval(self) -> str:
        return self._hand_in(needs_approval=True)

    # They take turns, and a publication takes its time: more of them only last longer.
    @precondition(lambda self: list(self.families.values()).count(_SOURCE) < _MOST_OF_A_SOURCE)
    @rule(target=jobs)
    def write_anew(self) -> str:
        """Publish something else as the draft that its source became, or as a new one."""
        return self._hand_in(source_id=_SOURCE)

    def _hand_in(self, **how: Any) -> str:
        number = len(self.families)
        row = self.do(self.life.work.submit(f"正文 {number}", title=f"文 {number}", **how))
        self.families[row.id] = how.get("source_id", row.id)
        self.titles[f"文 {number}"] = self.families[row.id]
        return row.id

    @rule(target=jobs, in_s=st.sampled_from([0, 5]))
    def publish_draft(self, in_s: float) -> str | MultipleResults[str]:
        publish_at = self.time() + in_s if in_s else None
        media_id = self.media_id
        asked = DraftPublication(
            client_id="blog", account="main", media_id=media_id, publish_at=publish_at
        )
        row = self.do(self._ask("publish draft", self.life.work.jobs.submit(asked)))
        if row is None:
            return multiple()
        self.families[row.id] = _SOURCE
        return row.id

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        self.do(self._ask("cancel", self.life.work.jobs.cancel(job_id, None)))

    @rule()
    def retry(self) -> None:
        """Whatever has not succeeded."""
        self.do(self._retry())

    async def _retry(self) -> None:
        for job_id in self.families:
            await self._ask("retry", self.life.work.jobs.retry(job_id, None))

    @rule(job_id=jobs, in_s=st.sampled_from([-5, 5, 400]))
    def edit(self, job_id: str, in_s: float) -> None:
        """Give it another time."""
        work = self.life.work
        moving = Rescheduling(
            *(work.database, work.context.changes, work.engine.wake),
            work.context.journal,
            clock=work.context.clock,
        )
        self.do(self._ask("edit", moving.move(job_id, "blog", self.time() + in_s)))

    @rule(job_id=consumes(pending))
    def approve(self, job_id: str) -> None:
        by = Editor("client:boss")
        self.do(self._ask("approve", self.life.work.jobs.approve(job_id, caller("boss"), by)))

    async def _ask(self, what: str, work: Coroutine[Any, Any, T]) -> T | None:
        """It may be refused, by a 409 that says so; then None. Statistics tell how often."""
        try:
            done = await work
        except GatewayError as exc:
            if exc.status != 409:
                raise
            event(f"{what}: {exc.code}")
            return None
        event(f"{what}: done")
        return done

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

    @rule()
    def kill(self) -> None:
        """Wherever it happens to be."""
        self.do(self._kill())

    @rule(target=jobs, point=st.sampled_from(_POINTS))
    def kill_at(self, point: str) -> str:
        """Publish an article, to die on the way."""
        job_id = self._hand_in()
        self.life.store.armed = point
        self.do(self._kill(_PATIENCE))
        return job_id

    async def _kill(self, breaths: int = 0) -> None:
        while breaths and not self.life.store.dead:
            await asyncio.sleep(_BREATH_S)
            breaths -= 1
        event(f"kill: {self.life.store.armed if self.life.store.dead else 'anywhere'}")
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
        if self.titles:
            assert max(self._published().values(), default=0) <= 1

    def _published(self) -> Counter[str]:
        """How often, by title."""
        entries = self.sandbox.ledger.entries("publication")
        return Counter(entry.data["title"] for entry in entries)

    def teardown(self) -> None:
        try:
            self.do(self._end())
        finally:
            self.runner.close()

    async def _end(self) -> None:
        try:
            if self.families:
                await self._come_to_an_end()
                await self._judge()
                await self._retry()  # a person looks after all that is left
                await self._come_to_an_end()
                await self._judge()
        finally:
            await self.life.end()
            await self.stack.aclose()

    async def _come_to_an_end(self) -> None:
        self.sandbox.faults.clear()
        for job_id in self.families:
            row = await self.life.work.get(job_id)
            if row.approval == "pending" and not State(row.state).is_final:
                await self.life.work.jobs.cancel(job_id, None)
        for _ in range(400):
            rows = [await self.life.work.get(job_id) for job_id in self.families]
            left = [row for row in rows if not State(row.state).is_final]
            if not left:
                return
            wait_s = min(row.run_at for row in left) - self.time()
            idle = all(row.lease_owner is None for row in left)
            await self._tick(max(0.0, wait_s) if idle else 0.0)
        raise AssertionError([(row.id, row.state, row.error) for row in left])

    async def _judge(self) -> None:
        """In a family each job that says published stands for one publication, and no other."""
        self.nothing_is_published_twice()
        published = Counter(self.titles[title] for title in self._published())
        rows = [await self.life.work.get(job_id) for job_id in self.families]
        for row in rows:
            event(f"{row.kind} {row.action}: {row.state} {(row.error or {}).get('code')}")
            if row.state in (State.FAILED, State.NEEDS_REVIEW):
                assert (row.error or {}).get("code")
        for family in set(self.families.values()):
            ours = [row for row in rows if self.families[row.id] == family]
            says = sum((row.result or {}).get("mode") == "published" for row in ours)
            in_doubt = sum(row.state == State.NEEDS_REVIEW for row in ours)
            told = [(row.kind, row.state, row.error) for row in ours]
            assert says <= published[family] <= says + in_doubt, told


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 16), ("postgresql", 6)])
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
        phases=[Phase.generate],  # the shortest way to a failure takes longer than a test may
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type("ThisMachine", (Machine,), values), settings=how)
