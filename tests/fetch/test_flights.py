import asyncio
import gc
import weakref

import pytest

from fetch.errors import FetchFailed, HostBusy
from fetch.flights import Flights


class _Host:
    def __init__(self, outcome: str | Exception = "picture") -> None:
        self.outcome = outcome
        self.asked = 0
        self.go_on = asyncio.Event()

    async def fetch(self) -> str:
        self.asked += 1
        await self.go_on.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_hundred_who_come_at_once_share_one_fetch() -> None:
    flights: Flights[str] = Flights(clock=_Clock())
    host = _Host()
    joined = [asyncio.ensure_future(flights.join("u", host.fetch)) for _ in range(100)]
    await asyncio.sleep(0)
    host.go_on.set()
    results = await asyncio.gather(*joined)
    assert host.asked == 1
    assert sorted(results) == [("picture", False)] * 99 + [("picture", True)]
    await flights.join("u", host.fetch)
    assert host.asked == 2  # pictures are not kept


async def test_if_the_first_is_cancelled_the_next_one_fetches() -> None:
    flights: Flights[str] = Flights(clock=_Clock())
    host = _Host()
    first, second = (asyncio.ensure_future(flights.join("u", host.fetch)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    host.go_on.set()
    assert await second == ("picture", True)
    assert host.asked == 2


async def test_one_who_gives_up_waiting_stops_nobody() -> None:
    flights: Flights[str] = Flights(clock=_Clock())
    host = _Host()
    first, second = (asyncio.ensure_future(flights.join("u", host.fetch)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait([second])
    host.go_on.set()
    assert await first == ("picture", True)


async def test_a_failure_is_told_to_all_and_for_ten_seconds_more() -> None:
    clock = _Clock()
    flights: Flights[str] = Flights(clock=clock)
    host = _Host(FetchFailed(url="u", reason="reset"))
    host.go_on.set()
    told = await asyncio.gather(
        *(flights.join("u", host.fetch) for _ in range(20)), return_exceptions=True
    )
    assert {type(error) for error in told} == {FetchFailed}
    assert len(set(map(id, told))) == 20  # each writes its own field
    clock.now = 9.9
    with pytest.raises(FetchFailed):
        await flights.join("u", host.fetch)
    assert host.asked == 1
    clock.now = 10.1
    host.outcome = "picture"
    assert await flights.join("u", host.fetch) == ("picture", True)


async def test_a_host_that_names_a_shorter_pause_is_asked_after_it() -> None:
    clock = _Clock()
    flights: Flights[str] = Flights(clock=clock)
    host = _Host(HostBusy(url="u", retry_after_s=2))
    host.go_on.set()
    for now, asked in ((0, 1), (1.9, 1), (2.1, 2)):
        clock.now = now
        with pytest.raises(HostBusy):
            await flights.join("u", host.fetch)
        assert host.asked == asked


async def test_only_so_many_failures_are_remembered() -> None:
    flights: Flights[str] = Flights(clock=_Clock())
    host = _Host(FetchFailed(url="u", reason="reset"))
    host.go_on.set()
    for number in [*range(1_001), 0]:  # the first one is forgotten by then
        with pytest.raises(FetchFailed):
            await flights.join(str(number), host.fetch)
    assert host.asked == 1_002


class _Body:
    """Twenty megabytes that a host sent."""


async def test_a_failure_that_is_remembered_holds_nothing_of_what_was_read() -> None:
    flights: Flights[str] = Flights(clock=_Clock())
    read: list[weakref.ref[_Body]] = []

    async def fetch() -> str:
        body = _Body()
        read.append(weakref.ref(body))
        await asyncio.sleep(0)
        raise FetchFailed(url="u", reason="no picture")

    joined = [asyncio.ensure_future(flights.join("u", fetch)) for _ in range(2)]
    await asyncio.wait(joined)
    assert {type(one.exception()) for one in joined} == {FetchFailed}
    del joined
    gc.collect()
    assert [body() for body in read] == [None]
    with pytest.raises(FetchFailed):
        await flights.join("u", fetch)
    assert len(read) == 1
