import asyncio
from typing import Any

import pytest

from handlers.presence import Presence
from proxy.body import ClientGone


class Caller:
    """A caller who sends a body and hangs up when told."""

    def __init__(self) -> None:
        self.hung_up = asyncio.Event()
        self._asked = 0

    async def receive(self) -> dict[str, Any]:
        self._asked += 1
        if self._asked == 1:
            return {"type": "http.request", "body": b""}
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


class Work:
    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.ended = ""

    async def __call__(self) -> str:
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.ended = "cancelled"
            raise
        self.ended = "done"
        return "answer"


async def test_work_is_ended_when_the_caller_hangs_up() -> None:
    caller, work = Caller(), Work()
    needed = asyncio.ensure_future(Presence(look_after_s=0).needed(work(), caller.receive))
    await asyncio.sleep(0.01)
    assert not needed.done()
    caller.hung_up.set()
    with pytest.raises(ClientGone):
        await needed
    assert work.ended == "cancelled"


async def test_a_caller_that_stays_gets_the_result() -> None:
    caller, work = Caller(), Work()
    presence = Presence(look_after_s=0)
    needed = asyncio.ensure_future(presence.needed(work(), caller.receive))
    await asyncio.sleep(0.01)
    work.may_end.set()
    assert await needed == "answer"
    await asyncio.sleep(0)
    assert len(presence._tasks) == 0


async def test_quick_work_costs_no_look_at_the_caller() -> None:
    async def quick() -> int:
        return 1

    async def receive() -> dict[str, Any]:
        raise AssertionError("nobody asked")

    assert await Presence(look_after_s=5).needed(quick(), receive) == 1


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    caller, work = Caller(), Work()
    needed = asyncio.ensure_future(Presence(look_after_s=0).needed(work(), caller.receive))
    await asyncio.sleep(0.01)
    needed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await needed
    assert work.ended == "cancelled"


async def test_a_server_that_answers_at_once_does_not_hold_the_loop() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    work = Work()
    needed = asyncio.ensure_future(Presence(look_after_s=0).needed(work(), receive))
    await asyncio.sleep(0.01)
    work.may_end.set()
    assert await needed == "answer"
