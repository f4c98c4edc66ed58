import random
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from cache.keys import Keys
from cache.redis import RedisLink
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule, Standing, Windows, window_key
from tests.cache.conftest import Time, link_for
from tests.cache.windows import most_in_a_window, rules


@pytest.fixture(params=["memory", "redis", "cluster"])
def windows(request: pytest.FixtureRequest, time: Time) -> Iterator[Windows]:
    """Every backend: they mean the same."""
    local = MemoryWindows(monotonic=time)
    if request.param == "memory":
        yield local
        return
    link = link_for(request)
    yield SharedWindows(link, Keys("t"), local, clock=time, timeout_s=5)
    assert link.errors == 0


async def admitted(windows: Windows, asked: list[Rule]) -> bool:
    return (await windows.hit(asked)).wait_s == 0


async def test_exactly_the_limit_is_admitted_and_told(windows: Windows, time: Time) -> None:
    asked = rules("3/minute")
    for left in (2, 1, 0):
        verdict = await windows.hit(asked)
        assert verdict.tightest is not None
        assert (verdict.wait_s, verdict.tightest.remaining) == (0, left)
        time.now += 10
    refused = await windows.hit(asked)
    assert refused.wait_s == 30
    assert refused.tightest is not None
    assert (refused.tightest.rule, refused.tightest.remaining) == (asked[0], 0)
    time.now += 29.9
    assert not await admitted(windows, asked)
    time.now += 0.1
    assert await admitted(windows, asked)


async def test_a_refused_call_counts_nowhere(windows: Windows, time: Time) -> None:
    wide, narrow = rules("5/minute"), rules("1/second")
    assert await admitted(windows, [*wide, *narrow])
    for _ in range(10):
        assert not await admitted(windows, [*wide, *narrow])
    assert [standing.used for standing in await windows.look([*wide, *narrow])] == [1, 1]


async def test_to_look_counts_nothing(windows: Windows) -> None:
    asked = rules("5/minute", "2000/minute")
    await windows.hit(asked)
    for _ in range(3):
        assert [standing.used for standing in await windows.look(asked)] == [1, 1]


async def test_of_several_rules_the_tightest_is_told(windows: Windows) -> None:
    verdict = await windows.hit(rules("600/minute; 5/second", "2000/minute"))
    assert verdict.tightest is not None
    assert (verdict.tightest.rule.rate.count, verdict.tightest.remaining) == (5, 4)
    assert verdict.tightest.reset_s == 1


@pytest.mark.parametrize("text", ["20/minute", "3/second", "1500/minute"])
async def test_no_window_ever_holds_more_than_limit_and_burst(
    windows: Windows, time: Time, text: str
) -> None:
    asked = rules(text)
    rate = asked[0].rate
    burst = 0 if rate.exact else rate.burst
    dice = random.Random(7)
    times = []
    for _ in range(1_500):
        if await admitted(windows, asked):
            times.append(time.now)
        # Bursts at one instant, at the borders of windows, and at random.
        time.now += dice.choice(
            [0, 0, 0.001, rate.interval_s, rate.period_s / 7, rate.period_s / 40]
        )
    most = most_in_a_window(times, rate.period_s - 1e-6)  # Redis counts in microseconds
    assert most <= rate.count + burst
    assert len(times) > 100


async def test_above_a_thousand_a_burst_goes_and_then_one_at_a_time(
    windows: Windows, time: Time
) -> None:
    asked = rules("6000/minute")
    at_once = 0
    while await admitted(windows, asked):
        at_once += 1
    assert at_once == 600
    assert (await windows.hit(asked)).wait_s == pytest.approx(0.01, abs=0.001)
    time.now += 0.02
    assert [await admitted(windows, asked) for _ in range(3)] == [True, True, False]
    time.now += 100
    assert (await windows.look(asked))[0].used == 0


async def test_names_never_meet(windows: Windows) -> None:
    rate = rules("1/minute")[0].rate
    names = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("客户", "/x/*"), ("a", "b", "c"), ("",)]
    for parts in names:
        assert await admitted(windows, [Rule(window_key(*parts), rate)]), parts


async def test_memory_is_bounded_and_keeps_what_was_used_last(time: Time) -> None:
    windows = MemoryWindows(max_keys=3, monotonic=time)
    for name in ("a", "b", "c", "a", "d"):
        await windows.hit(rules("1/minute", name=name))
    assert len(windows) == 3
    assert [(await windows.look(rules("1/minute", name=n)))[0].used for n in "abcd"] == [1, 0, 1, 1]


def noted(windows: MemoryWindows, asked: list[Rule], *, used: int, left: int) -> None:
    """One call of `asked`, which Redis admitted and said this much of."""
    windows.note([Standing(rule, used, left, 60) for rule in asked], taken=True)


async def test_alone_a_gateway_admits_its_part_of_what_was_left(time: Time) -> None:
    windows = MemoryWindows(monotonic=time)
    asked = rules("10/minute")
    noted(windows, asked, used=7, left=3)  # the other gateway made six
    assert windows.hit_alone(asked, 2).wait_s == 0
    assert windows.hit_alone(asked, 2).wait_s == 60


async def test_alone_nothing_is_admitted_of_what_others_have_used_up(time: Time) -> None:
    windows = MemoryWindows(monotonic=time)
    asked = rules("10/minute")
    windows.note([Standing(rule, 10, 0, 42) for rule in asked], taken=False)
    time.now += 20
    verdict = windows.hit_alone(asked, 2)
    assert verdict.wait_s == 40
    assert verdict.tightest is not None
    assert verdict.tightest.remaining == 0
    time.now += 40  # all of that is out of the window: there are shares again
    assert [windows.hit_alone(asked, 2).wait_s for _ in range(6)] == [0] * 5 + [60]


async def test_alone_a_gateway_keeps_what_it_had_and_gets_no_more_than_its_share(
    time: Time,
) -> None:
    windows = MemoryWindows(monotonic=time)
    asked = rules("10/minute")
    for used in range(1, 7):
        noted(windows, asked, used=used, left=10 - used)
    assert windows.hit_alone(asked, 2).wait_s == 60  # six are more than its share
    fresh = MemoryWindows(monotonic=time)
    noted(fresh, asked, used=1, left=9)
    assert [fresh.hit_alone(asked, 3).wait_s for _ in range(3)] == [0, 0, 60]


async def test_of_a_large_rate_a_gateway_alone_admits_its_share(time: Time) -> None:
    windows = MemoryWindows(monotonic=time)
    asked = rules("2000/minute")
    verdicts = [windows.hit_alone(asked, 4).wait_s == 0 for _ in range(100)]
    assert verdicts == [True] * 50 + [False] * 50


async def test_calls_noted_beyond_the_limit_take_no_more_memory(time: Time) -> None:
    windows = MemoryWindows(monotonic=time)
    asked = rules("10/minute")
    for _ in range(50):
        noted(windows, asked, used=10, left=0)
    assert (await windows.look(asked))[0].used == 10


async def test_no_rules_admit(windows: Windows) -> None:
    assert await windows.hit([]) == (None, 0.0)
    assert await windows.look([]) == []


async def test_a_call_of_many_rules_costs_one_command(
    redis: Redis, link: RedisLink, time: Time
) -> None:
    windows = SharedWindows(link, Keys("t"), MemoryWindows(), clock=time, timeout_s=5)
    await windows.hit(rules("1/second", "5/minute"))  # brings the script
    before = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    for _ in range(5):
        await windows.hit(rules("10/second", "50/minute", "2000/hour", "5000/day"))
    after = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert after - before == 5


async def test_what_is_cleared_begins_anew_and_the_others_do_not(windows: Windows) -> None:
    cleared, kept = rules("2/minute", name="a"), rules("2/minute", name="b")
    for each in (cleared, kept):
        for _ in range(2):
            assert (await windows.hit(each)).wait_s == 0
    await windows.clear(cleared)
    assert [standing.used for standing in await windows.look([*cleared, *kept])] == [0, 2]
    assert (await windows.hit(cleared)).wait_s == 0
    assert (await windows.hit(kept)).wait_s > 0
    await windows.clear([])
