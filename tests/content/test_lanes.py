import asyncio

import pytest

from content.lanes import Lane, LaneFull


async def test_a_crowd_of_one_kind_costs_another_one_turn() -> None:
    slots = asyncio.Semaphore(1)
    crowd, other = Lane(slots, 1), Lane(slots, 1)
    order: list[str] = []

    async def work(lane: Lane, name: str) -> None:
        async with lane.turn():
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(work(crowd, str(number)))
        group.create_task(work(other, "other"))
    assert order.index("other") == 1
    assert len(order) == 6


async def test_too_many_waiting_are_turned_away_at_once() -> None:
    lane = Lane(asyncio.Semaphore(1), 1, max_waiting=1)

    async def work() -> None:
        async with lane.turn():
            await asyncio.sleep(0)

    results = await asyncio.gather(*(work() for _ in range(4)), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), type(None), LaneFull, LaneFull]
    await work()  # nobody is left standing


async def test_patience_ends_and_leaves_no_slot_taken() -> None:
    slots = asyncio.Semaphore(1)
    lane = Lane(slots, 1, patience_s=0.01)
    async with slots:
        with pytest.raises(LaneFull):
            async with lane.turn():
                raise AssertionError
    async with lane.turn():
        assert slots.locked()
