import asyncio

import pytest

from content.memory import MemoryBudget


async def test_a_share_comes_back_at_the_end_whatever_happens() -> None:
    budget = MemoryBudget(10)
    with pytest.raises(RuntimeError), budget.share() as share:
        await share.take(6)
        share.keep(4)
        assert budget.free_bytes == 6
        raise RuntimeError
    assert budget.free_bytes == 10


async def test_who_came_first_is_served_first_and_no_one_for_ever_overtaken() -> None:
    budget = MemoryBudget(10)
    served: list[str] = []

    async def hold(name: str, size: int) -> None:
        with budget.share() as share:
            await share.take(size)
            served.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name, size in (("a", 6), ("large", 99), ("small", 1), ("b", 1)):
            group.create_task(hold(name, size))
    assert served == ["a", "large", "small", "b"]
    assert budget.free_bytes == 10


async def test_who_gives_up_waiting_holds_nothing_and_blocks_no_one() -> None:
    budget = MemoryBudget(10)
    first, served = budget.share(), budget.share()
    await first.take(6)
    waiting = asyncio.ensure_future(budget.take(10))
    behind = asyncio.ensure_future(served.take(3))
    await asyncio.sleep(0)
    assert not behind.done()
    waiting.cancel()
    await behind
    assert budget.free_bytes == 1
    # Its turn and its end come together.
    late = asyncio.ensure_future(budget.take(8))
    await asyncio.sleep(0)
    first.keep(0)
    served.keep(0)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    assert budget.free_bytes == 10
