from dataclasses import replace

from core.clock import Clock
from jobs.service import Jobs
from jobs.states import State
from jobs.steering import NotRetryable
from jobs.submission import Submission
from store.jobs import JobRow

_TRIED_AGAIN = (State.FAILED, State.CANCELLED)


class Joined:
    """Hands in for callers who say the same again when they got no answer, or a refusal.

    Within a window that is one job: it is joined while it runs, its end is told again, and after
    a failure it goes on from the step it had reached.
    """

    def __init__(self, jobs: Jobs, *, window_s: float, clock: Clock) -> None:
        self._jobs = jobs
        self._window_s = window_s
        self._clock = clock

    async def submit(self, submission: Submission, digest: str) -> JobRow:
        """The job of what `digest` (≤200 characters) stands for. Raises what Jobs.submit does.

        A key is for a span of time, so that it can be found by; a window reaches into two.
        """
        now = self._clock()
        span = int(now // self._window_s)
        last = await self._jobs.earlier(_keyed(submission, f"{digest}-{span - 1}"))
        if last is None or last.created_at <= now - self._window_s:
            last = await self._jobs.submit(_keyed(submission, f"{digest}-{span}"))
        if last.state not in _TRIED_AGAIN:
            return last
        try:
            return await self._jobs.retry(last.id, last.client_id, by=last.client_id)
        except NotRetryable:  # somebody was quicker
            return await self._jobs.whole(last.id)


def _keyed(submission: Submission, key: str) -> Submission:
    return replace(submission, idempotency_key=key)
