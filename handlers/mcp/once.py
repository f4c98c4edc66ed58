from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from jobs.draft_publication import DraftPublication
from jobs.service import Check, Jobs
from jobs.states import State
from jobs.submission import Submission
from store.jobs import JobRow

H = TypeVar("H", Submission, DraftPublication)

_TRIES = 10
_CAME_TO_NOTHING: Sequence[str] = (State.FAILED, State.CANCELLED)


async def submit_once(jobs: Jobs, handed: H, check: Check) -> JobRow:
    """The job of `handed`: an earlier one of the same content, unless that came to nothing.

    Agents repeat calls whose answer they lost, and think of no Idempotency-Key. One of theirs
    counts as everywhere else. Raises what Jobs.submit does.
    """
    if handed.idempotency_key is not None:
        return await jobs.submit(handed, check)
    said = handed.body_hash()
    key = f"same-{said}"
    for _ in range(_TRIES):
        row = await jobs.submit(replace(handed, idempotency_key=key), check)
        if row.state not in _CAME_TO_NOTHING:
            return row
        key = f"same-{said}-{row.id}"  # the next try, counted from the one that failed
    return row
