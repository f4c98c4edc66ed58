import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.awake import is_set_within
from core.errors import GatewayError, Text
from core.tasks import TaskSet
from jobs import crash_points, family
from jobs.announce import Announce
from jobs.catch_up import spread
from jobs.claim import Claim, Done, EndRun, Later, LeaseLost, Outcome
from jobs.context import JobsContext
from jobs.failures import Quarantined, review, stored_error
from jobs.lateness import PublishTooLate, is_too_late
from jobs.retention import forget_old_jobs
from jobs.shelving import shelve
from jobs.states import State
from store import files as kept_files
from store import granted, idempotency, intents, tokens, uploads
from store import jobs as job_rows
from store import starts as start_rows
from store.engine import StorageUnavailable
from store.for_ever import for_ever, survive
from store.jobs import JobRow, Lease

log = structlog.get_logger(__name__)

# Works on one job until it has to wait or is over. Whatever it raises but the exceptions of
# `jobs.claim` is taken for a bug: the job is tried again, `max_starts` times.
Handler = Callable[[Claim], Awaitable[Outcome]]

_AWAY, _FAILED = "job engine waits for the database", "job engine failed"
_for_ever = partial(for_ever, away=_AWAY, failed=_FAILED)
_survive = partial(survive, away=_AWAY, failed=_FAILED)
_FREE = {"lease_owner": None, "lease_until": None}
_HOUSEKEEPING_S = 3_600
_KEEP_SHARED_S = 86_400  # after their end: no clock that agrees at all is so far off
_RESTART_PAUSE_S = 5.0
_INTERRUPTED = Text(
    "已提交发表，但任务启动 {starts} 次都未能正常结束",
    "submitted for publishing, but {starts} starts of the job came to no end",
)


class Engine:
    """Claims due jobs, runs their handlers, keeps their leases, records their outcomes.

    A job is a row: one that waits costs nothing but its row, and `run_at` is its timer. Enqueue
    by inserting a row in a transaction of one's own, then `wake`. Several engines on one
    PostgreSQL share the work; one that dies loses its leases and the others take over.
    """

    def __init__(self, context: JobsContext, handlers: Mapping[str, Handler]) -> None:
        self._context = context
        self._database = context.database
        self._settings = context.settings
        self._clock = context.clock
        self._crash = context.crash
        self._announce = Announce(context.clock)
        self._handlers = handlers
        self._running: dict[str, Claim] = {}
        self._innocent: list[str] = []  # jobs of runs that came to no end, though we live
        self._work = TaskSet()
        self._loops = TaskSet()
        self._awake = asyncio.Event()
        self._stopping = False
        self._next_due: float | None = None

    async def __aenter__(self) -> Self:
        """Start to work."""
        if self._context.executor.alone:
            # Every earlier process on this store is gone: nobody holds these leases.
            async with self._database.write() as connection:
                freed = await job_rows.free_leases_of_others(connection, self._context.executor.id)
            if freed:
                log.info("took over jobs of a former process", jobs=freed)
        self._claiming = self._loops.start(self._claim_for_ever(), name="jobs: claim")
        third_s = self._settings.lease_s / 3
        renewing = _for_ever(self._renew, every_s=third_s, first_s=third_s)
        self._loops.start(renewing, name="jobs: renew leases")
        tidying = _for_ever(self._tidy, every_s=_HOUSEKEEPING_S)
        self._loops.start(tidying, name="jobs: housekeeping")
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End all runs, but let what is being sent be recorded first."""
        self.drain()
        await asyncio.wait([self._claiming])  # from here on no run begins
        for claim in self._running.values():
            claim.stop()
        runs = [claim.task for claim in self._running.values() if claim.task is not None]
        if runs:
            await asyncio.wait(runs, timeout=self._settings.grace_s)
        await self._work.aclose()
        await _survive(self._forgive)
        await self._loops.aclose()

    def drain(self) -> None:
        """Claim nothing more; what runs goes on, but nobody waits here for its end."""
        self._stopping = True
        self._context.changes.end()
        self._awake.set()

    @property
    def draining(self) -> bool:
        """Whether it was told to claim nothing more."""
        return self._stopping

    @property
    def at_work(self) -> int:
        """How many jobs it has in hand."""
        return len(self._running)

    def wake(self) -> None:
        """Look for due jobs now; call it after a commit that made or changed one."""
        self._awake.set()

    async def _claim_for_ever(self) -> None:
        while not self._stopping:
            self._awake.clear()
            await _survive(self._claim_due)
            await is_set_within(self._awake, self._pause_s())

    def _pause_s(self) -> float:
        """Until the next job is due, at most the time after which other processes' are looked for.

        While there is no place it is the end of a run that wakes.
        """
        if self._next_due is None or len(self._running) >= self._settings.concurrency:
            return self._settings.sweep_s
        return min(self._settings.sweep_s, max(0.0, self._next_due - self._clock()))

    async def _claim_due(self) -> None:
        self._next_due = None  # a failure is no reason to hurry
        await self._forgive()
        free = self._settings.concurrency - len(self._running)
        if free <= 0:
            return
        self._crash(crash_points.CLAIM_BEFORE)
        for row in await self._take(free):
            self._crash(crash_points.CLAIM_AFTER)
            claim = Claim(
                *(row, self._database, self._context.changes),
                clock=self._clock,
                lease_s=self._settings.lease_s,
            )
            self._running[row.id] = claim
            self._context.metrics.jobs_active.set(len(self._running))
            claim.task = self._work.start(self._run(claim), name=f"job {row.id}")
            self._context.changes.tell(row.id)

    async def _forgive(self) -> None:
        """Take back starts that were ended by a store, a pause or somebody else, not by the job."""
        if innocent := list(self._innocent):
            async with self._database.write() as connection:
                await start_rows.forgive(connection, innocent)
            del self._innocent[: len(innocent)]  # others may have come meanwhile

    async def _take(self, free: int) -> list[JobRow]:
        """At most `free` due jobs, leased, and at most one that an earlier start did not end.

        Of the jobs that a process took down with it one may be poison. Started one at a time, it
        is counted out alone; started together, its innocent neighbours would be with it.
        """
        now = self._clock()
        async with self._database.read() as connection:
            first = await job_rows.next_due(connection, now)
        if first is None or first > now:
            self._next_due = first
            return []  # a write would keep others from theirs
        until = now + self._settings.lease_s
        lease = Lease(owner=self._context.executor.id, now=now, until=until)
        busy = list(self._running)
        rows: list[JobRow] = []
        async with self._database.write() as connection:
            await spread(connection, now, per_minute=self._settings.catch_up_per_minute)
            places = self._settings.per_account
            take = partial(job_rows.claim, connection, lease, busy=busy, per_account=places)
            if all(claim.row.attempts == 1 for claim in self._running.values()):
                rows = await take(limit=1, again=True)
            rows += await take(limit=free - len(rows), again=False)
            self._next_due = await job_rows.next_due(connection, now, after=now)
        return rows

    async def _run(self, claim: Claim) -> None:
        structlog.contextvars.bind_contextvars(job=claim.row.id, account=claim.row.account)
        try:
            await self._record(claim, await self._outcome(claim))
        except LeaseLost:
            log.warning("job was taken over or changed meanwhile")
            self._innocent.append(claim.row.id)
        except StorageUnavailable as exc:
            log.warning("outcome of a run not recorded", reason=str(exc))
            self._innocent.append(claim.row.id)  # which anybody may take when its lease has ended
        except asyncio.CancelledError:
            await self._give_back(claim)
            raise
        finally:
            del self._running[claim.row.id]
            self._context.metrics.jobs_active.set(len(self._running))
            self._context.changes.tell(claim.row.id)
            self._context.changes.tell(claim.row.parent_id or "")
            self.wake()

    async def _outcome(self, claim: Claim) -> Outcome:
        if claim.row.cancel_requested:
            return Done(State.CANCELLED)
        starts = claim.row.attempts - 1
        if starts >= self._settings.max_starts:
            return await self._quarantined(claim, starts)
        if await is_too_late(self._database, claim.row, self._clock()):
            return Done(State.FAILED, error=stored_error(PublishTooLate()))
        try:
            return await self._handlers[claim.row.kind](claim)
        except EndRun as end:
            return end.outcome
        except (LeaseLost, StorageUnavailable):
            raise
        except GatewayError as exc:
            return Done(State.FAILED, error=stored_error(exc))
        except Exception:
            log.exception("job handler failed")
            return Later(self._clock() + _RESTART_PAUSE_S * claim.row.attempts, orderly=False)

    async def _quarantined(self, claim: Claim, starts: int) -> Done:
        async with self._database.read() as connection:
            submitted = await intents.has_passed(connection, claim.row.id, "submit", "mass")
        if not submitted:
            return Done(State.FAILED, error=stored_error(Quarantined(starts=starts)))
        reason = Text(*(_INTERRUPTED.fill(lang, {"starts": starts}) for lang in ("zh", "en")))
        return review(reason, publish_id=claim.checkpoint.get("publish_id"))

    async def _record(self, claim: Claim, outcome: Outcome) -> None:
        batch_id = claim.row.parent_id
        async with self._database.write() as connection:
            await family.lock_batch(connection, claim.row)
            if isinstance(outcome, Later):
                await self._postpone(connection, claim, outcome)
                if outcome.state in (State.WAITING, State.SCHEDULED):
                    await family.settle(connection, batch_id, self._clock(), self._announce)
                return
            state = outcome.state
            if state == State.FAILED and await intents.doubtful(connection, claim.row.id):
                # "Failed" would invite to hand the article in again.
                state = State.NEEDS_REVIEW
            # What was made stays shown, whatever became of the rest.
            result = outcome.result or claim.checkpoint.get("result")
            if not await claim.move(
                connection, **_FREE, state=state, result=result, error=outcome.error
            ):
                raise LeaseLost
            await self._announce.job_ended(
                connection, claim.row, state, result=result, error=outcome.error
            )
            ended = replace(claim.row, checkpoint=claim.checkpoint)
            await shelve(connection, ended, result, self._clock())
            if state == State.SUCCEEDED:  # anything else may be tried again
                await kept_files.drop(connection, claim.row.id)
            await family.settle(connection, batch_id, self._clock(), self._announce)
            self._crash(crash_points.FINISH)
        self._context.metrics.jobs.labels(claim.row.kind, state).inc()
        code = (outcome.error or {}).get("code")
        log.info("job ended", kind=claim.row.kind, state=state, code=code)

    async def _postpone(self, connection: AsyncConnection, claim: Claim, later: Later) -> None:
        values = {
            "state": later.state,
            "run_at": job_rows.unless_news(later.run_at, now=self._clock()),
            "attempts": 0 if later.orderly else claim.row.attempts,
            "error": later.error,
        }
        if not await claim.move(connection, **_FREE, **values):
            raise LeaseLost

    async def _give_back(self, claim: Claim) -> None:
        """A run that `stop` ended: anybody may go on with its job, which is not to blame."""
        values = {**_FREE, "attempts": claim.row.attempts - 1}
        try:
            async with self._database.write() as connection:
                await job_rows.move(connection, claim.row.id, claim.row.epoch, values)
        except StorageUnavailable as exc:
            log.warning("lease not given back", reason=str(exc))  # it will end

    async def _renew(self) -> None:
        held = {claim.row.id: claim.row.epoch for claim in self._running.values()}
        until = self._clock() + self._settings.lease_s
        async with self._database.write() as connection:
            renewed = await job_rows.renew(connection, held, lease_until=until)
        for job_id in renewed & self._running.keys():
            self._running[job_id].renewed(until)

    async def _tidy(self) -> None:
        now = self._clock()
        async with self._database.write() as connection:
            await job_rows.purge_files(connection, ended_before=now - self._settings.keep_files_s)
            await uploads.purge(connection, now=now)
            await kept_files.purge(connection, unused_since=now - self._settings.keep_files_s)
            await idempotency.purge(connection, before=now - self._settings.keep_keys_s)
            await tokens.purge(connection, before=now - _KEEP_SHARED_S)
            await granted.purge(connection, before=now - _KEEP_SHARED_S)
        await forget_old_jobs(self._database, self._settings, now)
