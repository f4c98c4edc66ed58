import asyncio
import time

import pytest

from core.awake import awake_timeout, is_set_within


async def test_a_time_that_is_up_ends_the_block() -> None:
    with pytest.raises(TimeoutError):
        async with awake_timeout(0.05):
            await asyncio.sleep(60)


async def test_longer_times_end_too() -> None:
    with pytest.raises(TimeoutError):
        async with awake_timeout(1.2):
            await asyncio.sleep(60)


async def test_what_came_while_the_process_was_stopped_is_not_too_late() -> None:
    """As a SIGSTOP does: nothing of the loop runs, and meanwhile the answer arrives."""
    async with awake_timeout(2):
        answer = asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.2)
        time.sleep(3)  # that is the stop
        await answer
        await asyncio.sleep(0.05)  # to read it takes turns of the loop


async def test_a_cancellation_from_outside_is_none_of_its_own() -> None:
    async def waits() -> None:
        async with awake_timeout(60):
            await asyncio.sleep(60)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_what_is_set_ends_the_wait_and_stays_set() -> None:
    event = asyncio.Event()
    assert not await is_set_within(event, 0.01)
    asyncio.get_running_loop().call_later(0.01, event.set)
    async with asyncio.timeout(20):
        assert await is_set_within(event, 60)
    assert await is_set_within(event, 0)
