import asyncio

import pytest

from fetch.deadline import Deadline
from fetch.errors import HostBusy
from fetch.turns import Turns
from fetch.urls import Target

A = Target("https", "a.example", 443, "/x?token=SECRET")
B = Target("https", "b.example", 443, "/")


async def test_a_host_has_a_few_connections_and_others_do_not_wait_for_it() -> None:
    turns, held, most = Turns(2), [0], [0]

    async def visit() -> None:
        async with Deadline(5) as deadline, turns.turn(A, deadline):
            held[0] += 1
            most[0] = max(most[0], held[0])
            await asyncio.sleep(0.01)
            held[0] -= 1

    visits = [asyncio.ensure_future(visit()) for _ in range(6)]
    await asyncio.sleep(0.005)
    async with Deadline(5) as deadline, turns.turn(B, deadline):
        assert held == [2]
    await asyncio.gather(*visits)
    assert most == [2]
    assert len(turns) == 0


async def test_waiting_for_a_turn_is_not_the_hosts_time() -> None:
    turns = Turns(1)

    async def visit() -> None:
        async with Deadline(0.05) as deadline, turns.turn(A, deadline):
            await asyncio.sleep(0.03)

    await asyncio.gather(*(visit() for _ in range(4)))


async def test_a_host_that_wants_a_pause_gets_it() -> None:
    turns = Turns(4)
    loop = asyncio.get_running_loop()
    turns.pause(A, 0.05)
    begun = loop.time()
    async with Deadline(5) as deadline, turns.turn(A, deadline):
        assert loop.time() - begun >= 0.05
    assert len(turns) == 0


async def test_a_pause_longer_than_the_deadline_is_told_at_once() -> None:
    turns = Turns(4)
    turns.pause(A, 60)
    async with Deadline(5) as deadline:
        with pytest.raises(HostBusy) as caught:
            async with turns.turn(A, deadline):
                raise AssertionError
        async with turns.turn(B, deadline):
            pass
    assert 59 < (caught.value.retry_after_s or 0) <= 60
    assert "SECRET" not in str(caught.value)


async def test_whoever_is_cancelled_while_waiting_frees_nothing_that_is_not_his() -> None:
    turns = Turns(1)
    async with Deadline(5) as deadline, turns.turn(A, deadline):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), Deadline(5) as other, turns.turn(A, other):
                raise AssertionError
        assert len(turns) == 1
    assert len(turns) == 0
