import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from structlog.testing import capture_logs

from core.tasks import TaskSet
from store.engine import StorageUnavailable
from store.for_ever import for_ever, survive

LONG_S = 3_600.0
AWAY = StorageUnavailable(reason="gone")


class Rounds:
    """Counts them; the first of them fail as they are told to."""

    def __init__(self, *failures: Exception | None) -> None:
        self.begun = 0
        self._failures = list(failures)

    async def __call__(self) -> None:
        self.begun += 1
        if self._failures and (failure := self._failures.pop(0)) is not None:
            raise failure

    async def reach(self, number: int) -> None:
        async with asyncio.timeout(20):
            while self.begun < number:
                await asyncio.sleep(0.001)


@asynccontextmanager
async def going_on(work: Callable[[], Awaitable[object]], **pace: Any) -> AsyncIterator[None]:
    """Until the end of the block, which only a cancellation can bring."""
    tasks = TaskSet()
    task = tasks.start(for_ever(work, **{"failed": "failed", **pace}), name="for ever")
    yield
    await tasks.aclose()
    assert task.cancelled()


async def test_no_failure_ends_it_and_each_is_logged_as_what_it_is() -> None:
    rounds = Rounds(AWAY, None, ValueError("a bug"))
    with capture_logs() as logs:
        async with going_on(rounds, every_s=0.001, away="waits"):
            await rounds.reach(4)
    away, failed = logs
    assert away == {"log_level": "warning", "event": "waits", "reason": str(AWAY)}
    assert failed == {"log_level": "error", "event": "failed", "exc_info": True}


async def test_without_words_of_its_own_a_store_that_is_away_is_one_of_the_failures() -> None:
    with capture_logs() as logs:
        await survive(Rounds(AWAY), failed="not tidied")
    assert logs == [{"log_level": "warning", "event": "not tidied", "reason": str(AWAY)}]


async def test_the_first_round_comes_at_once_or_after_its_time() -> None:
    at_once, soon, later = Rounds(), Rounds(), Rounds()
    async with (
        going_on(at_once, every_s=LONG_S),
        going_on(soon, every_s=LONG_S, first_s=0.001),
        going_on(later, every_s=0.001, first_s=LONG_S),
    ):
        await at_once.reach(1)
        await soon.reach(1)
    assert (at_once.begun, soon.begun, later.begun) == (1, 1, 0)


async def test_how_long_to_pause_is_asked_each_time() -> None:
    pauses, rounds = [LONG_S, 0.001, 0.001], Rounds()
    async with going_on(rounds, every_s=pauses.pop):
        await rounds.reach(3)
        await asyncio.sleep(0.01)
    assert (rounds.begun, pauses) == (3, [])


async def test_it_is_woken_from_a_pause_and_hears_of_it_during_a_round_that_fails() -> None:
    awake, rounds = asyncio.Event(), Rounds(AWAY)

    async def work() -> None:
        if not rounds.begun:
            awake.set()
        await rounds()

    async with going_on(work, every_s=LONG_S, awake=awake):
        await rounds.reach(2)
        await asyncio.sleep(0.01)
        assert rounds.begun == 2  # it has slept in since
        awake.set()
        await rounds.reach(3)


async def test_a_cancellation_ends_a_round_in_the_middle_and_is_no_failure() -> None:
    rounds = Rounds()

    async def work() -> None:
        await rounds()
        await asyncio.sleep(LONG_S)

    with capture_logs() as logs:
        async with going_on(work, every_s=0.001):
            await rounds.reach(1)
    assert logs == []
