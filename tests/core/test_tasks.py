import asyncio

import pytest
from structlog.testing import capture_logs

from core.tasks import TaskSet


async def test_closing_cancels_what_still_runs() -> None:
    tasks = TaskSet()
    task = tasks.start(asyncio.sleep(60), name="sleeper")
    assert len(tasks) == 1
    await tasks.aclose()
    assert task.cancelled()
    assert len(tasks) == 0


async def test_a_cancellation_that_gets_lost_is_repeated() -> None:
    async def deaf() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:  # as asyncio.wait_for does at times before Python 3.12
            await asyncio.sleep(60)

    tasks = TaskSet()
    task = tasks.start(deaf(), name="deaf")
    await asyncio.sleep(0)
    await tasks.aclose()
    assert task.cancelled()


async def test_a_failure_is_logged_once_under_the_tasks_name() -> None:
    async def fail() -> None:
        raise ValueError("boom")

    tasks = TaskSet()
    with capture_logs() as logs:
        task = tasks.start(fail(), name="failing")
        with pytest.raises(ValueError, match="boom"):
            await task
    assert [(line["event"], line["task"]) for line in logs] == [
        ("background task failed", "failing")
    ]
