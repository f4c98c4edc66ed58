"""Redis, and what grants, go wrong in part: no minute holds more calls than the rate all the same."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cache.backed_windows import BackedWindows
from cache.redis import RedisAway
from cache.windows import Rule
from tests.cache.backed import Opens, admitted
from tests.cache.conftest import Time
from tests.cache.grants import OwnGrants
from tests.cache.windows import most_in_a_window, rules
from tests.conftest import RedisServer

TEN = rules("10/minute")
A_PERIOD_S = 70


class Partition:
    """Redis answers no command of one gateway, which has not given it up yet."""

    def __init__(self, windows: BackedWindows) -> None:
        self._link = windows._shared._link
        self._run = self._link.run

    def __enter__(self) -> None:
        async def gone(*_: Any, **__: Any) -> None:
            raise RedisAway(sent=True)

        self._link.run = gone  # type: ignore[method-assign, assignment]

    def __exit__(self, *_: object) -> None:
        self._link.run = self._run  # type: ignore[method-assign]


@pytest.fixture
def other_master(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "other").mkdir()
    server = RedisServer(tmp_path / "other")
    server.start()
    yield server.url
    server.kill()


async def known(windows: BackedWindows, each: list[Rule], time: Time) -> None:
    """Redis counts, and has done so for longer than a period."""
    await windows.look(each)
    time.now += each[0].rate.period_s + A_PERIOD_S


async def admitted_apart(windows: BackedWindows, time: Time, *, tries: int) -> list[float]:
    """When calls were let through of which Redis knows nothing, too few to give it up."""
    calls = list[float]()
    with Partition(windows):
        for _ in range(tries):
            time.now += 3
            calls += [time.now] * await admitted(windows, 1)
    return calls


async def test_calls_that_one_gateway_lets_through_apart_bind_the_others(
    opened: Opens, time: Time
) -> None:
    apart, other = opened(), opened()
    began, calls = time.now, list[float]()
    await other.look(TEN)
    time.now += 30
    await apart.hit(TEN)  # and learns that Redis is young
    calls.append(time.now)
    calls += await admitted_apart(apart, time, tries=9)
    time.now = began + 62
    calls += [time.now] * await admitted(other)
    assert most_in_a_window(calls, 60) == 10


async def test_calls_kept_for_long_do_not_outlive_what_binds_the_others(
    opened: Opens, time: Time
) -> None:
    hundred, one = rules("100/hour"), rules("1/minute", name="one")
    apart, other = opened(), opened()
    await known(other, hundred, time)
    began, calls = time.now, list[float]()
    with Partition(apart):
        burst = await asyncio.gather(*(apart.hit([*hundred, *one]) for _ in range(60)))
        calls += [time.now] * sum(verdict.wait_s == 0 for verdict in burst)
        time.now += 65
        calls += [time.now] * await admitted(apart, 59, hundred)
    time.now = began + 3_603
    calls += [time.now] * await admitted(other, 120, hundred)
    assert 90 < most_in_a_window(calls, 3_600) <= 100


async def test_a_grant_that_others_bind_does_not_do_without_redis(
    opened: Opens, time: Time
) -> None:
    apart, other = opened(), opened()
    began, calls = time.now, list[float]()
    await other.look(TEN)
    time.now += 60
    await admitted(apart, 1)  # Redis is young, so that this binds the rule for a while
    await admitted(other, 1)
    time.now = began + 100  # it is known again
    await admitted(other, 1)
    calls += await admitted_apart(apart, time, tries=7)
    time.now = began + 125
    calls += [time.now] * await admitted(other)
    assert most_in_a_window(calls, 60) <= 10


async def test_two_masters_let_no_more_through_than_one(
    opened: Opens, other_master: str, time: Time
) -> None:
    at_the_old, at_the_new = opened(), opened(other_master)
    await known(at_the_old, TEN, time)
    assert await admitted(at_the_new) == 10
    assert await admitted(at_the_old) == 0


async def test_a_call_that_redis_is_late_for_binds_no_other_rule(
    opened: Opens, grants: OwnGrants, time: Time
) -> None:
    daily = rules("1000/day")
    late, other = opened(), opened()
    await known(late, daily, time)
    with Partition(late):
        await late.hit(TEN)
    await other.hit(daily)
    assert [ask.strict for asks in grants.asked for ask in asks if ask.rule in daily] == [False]


async def test_a_redis_that_was_emptied_while_nobody_grants_is_not_believed(
    opened: Opens, grants: OwnGrants, redis_server: RedisServer, time: Time
) -> None:
    windows = opened()
    await known(windows, TEN, time)
    assert await admitted(windows) == 10
    redis_server.ask("FLUSHALL")
    grants.away = True
    assert await admitted(windows) == 1  # which tells that it is empty


async def test_a_call_that_was_let_through_is_not_counted_twice(
    opened: Opens, grants: OwnGrants, redis_server: RedisServer, time: Time
) -> None:
    windows = opened()
    await known(windows, TEN, time)
    await windows.hit(TEN)
    redis_server.ask("FLUSHALL")
    take, asked = windows._reserves.take, 0

    async def once(*rules: Any, **how: Any) -> Any:
        nonlocal asked
        asked += 1
        grants.away = asked == 2
        return await take(*rules, **how)

    windows._reserves.take = once  # type: ignore[method-assign]
    assert await admitted(windows, 1) == 1
    assert (await windows.look(TEN))[0].used == 1


async def test_a_client_that_hammers_eats_nothing_of_what_others_share(
    opened: Opens, grants: OwnGrants, redis_server: RedisServer, time: Time
) -> None:
    daily = rules("1000/day", name="account")
    windows, passed = opened(), 0
    await known(windows, daily, time)
    for _ in range(25):
        burst = await asyncio.gather(*(windows.hit([*TEN, *daily]) for _ in range(100)))
        passed += sum(verdict.wait_s == 0 for verdict in burst)
        time.now += 0.2
    time.now += 30
    await windows._reserves.tell()
    assert (passed, grants.granted(daily[0])) == (10, 10)


async def test_a_redis_that_does_not_say_which_run_it_is_is_never_believed(
    opened: Opens, redis_server: RedisServer, grants: OwnGrants, time: Time
) -> None:
    redis_server.ask("ACL", "SETUSER", "default", "-info")
    windows = opened()
    await known(windows, TEN, time)
    assert await admitted(windows) == 10
    assert [ask.strict for asks in grants.asked for ask in asks] == [False] + [True] * 11
