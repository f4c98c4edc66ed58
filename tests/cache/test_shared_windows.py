import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.connecting import open_redis
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.settings import RedisSettings
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows
from tests.cache.conftest import Time
from tests.cache.windows import rules
from tests.conftest import RedisServer

KEYS = Keys("t")
Opens = Callable[..., SharedWindows]


@pytest.fixture
async def opened(redis_server: RedisServer, time: Time) -> AsyncIterator[Opens]:
    """Opens windows of a gateway of its own on the test's Redis."""
    clients: list[Redis] = []

    def open_windows(
        *, clock: Time = time, timeout_s: float = 5, expected: int = 1
    ) -> SharedWindows:
        redis = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
        clients.append(redis)
        link = RedisLink(SingleNode(redis), monotonic=time)
        local = MemoryWindows(monotonic=time)
        return SharedWindows(
            *(link, KEYS, local), expected=lambda: expected, clock=clock, timeout_s=timeout_s
        )

    yield open_windows
    for client in clients:
        await client.aclose()


async def admitted(windows: SharedWindows, text: str = "10/minute", *, tries: int = 30) -> int:
    verdicts = [await windows.hit(rules(text)) for _ in range(tries)]
    return sum(verdict.wait_s == 0 for verdict in verdicts)


async def test_gateways_count_together(opened: Opens) -> None:
    first, second = opened(), opened()
    assert await admitted(first, tries=4) == 4
    assert await admitted(second) == 6
    assert await admitted(first) == 0


async def test_without_redis_each_admits_its_share_and_what_it_admitted_before_counts(
    opened: Opens, redis_server: RedisServer
) -> None:
    first, second = opened(), opened()
    async with first, second:
        while (first.gateways, second.gateways) != (2, 2):
            first.gateways = await first._link.run(first._show, "k")
            second.gateways = await second._link.run(second._show, "k")
    assert await admitted(first, tries=3) == 3
    redis_server.kill()
    assert await admitted(first) == 2
    assert await admitted(second) == 5


async def test_a_gateway_that_starts_without_redis_admits_its_share_of_those_expected(
    opened: Opens, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert await admitted(opened(expected=5)) == 2


async def test_fewer_gateways_than_expected_are_no_reason_to_admit_more(opened: Opens) -> None:
    windows = [opened(expected=2) for _ in range(3)]
    assert [await each._link.run(each._show, "k") for each in windows] == [2, 2, 3]
    assert await admitted(windows[0]) == 10  # with Redis each may have all


async def test_a_gateway_that_left_is_not_counted(opened: Opens, time: Time) -> None:
    first, second, third = opened(), opened(), opened()
    for windows in (first, second, third):
        await windows._link.run(windows._show, "k")
    async with second:
        pass
    time.now += 10
    assert await first._link.run(first._show, "k") == 2  # the second said good-bye
    time.now += 6
    assert await first._link.run(first._show, "k") == 1  # of the third nothing was heard for 16 s


async def test_what_was_admitted_alone_counts_when_redis_is_back(
    opened: Opens, redis_server: RedisServer, time: Time
) -> None:
    windows = opened()
    redis_server.kill()
    assert await admitted(windows, tries=5) == 5  # these open the breaker, and may have arrived
    assert await admitted(windows, tries=4) == 4
    redis_server.start()
    time.now += 3  # past the breaker's pause
    assert await admitted(windows) == 1  # Redis knows of four, the gateway of nine
    assert windows._owed == {}


async def test_a_reply_that_was_lost_is_not_asked_for_again(
    opened: Opens, redis: Redis, time: Time
) -> None:
    """The script ran and nobody heard: counted once too many at most."""
    windows = opened()
    await admitted(windows, tries=1)
    judge = windows._judge

    async def lost(*arguments: object, **how: object) -> list[int]:
        await judge(*arguments, **how)  # type: ignore[arg-type]

        async def silent(_redis: Redis) -> list[int]:
            raise TimeoutError

        return await windows._link.run(silent, "k")

    windows._judge = lost  # type: ignore[method-assign]
    assert await admitted(windows, tries=1) == 1
    windows._judge = judge  # type: ignore[method-assign]
    assert (await windows.look(rules("10/minute")))[0].used == 2


async def test_a_clock_a_little_behind_shortens_no_window(opened: Opens, time: Time) -> None:
    behind = Time(time.now - 0.5)
    first, second = opened(), opened(clock=behind)
    assert await admitted(first, "4/second", tries=2) == 2
    assert await admitted(second, "4/second") == 2
    for clock in (time, behind):
        clock.now += 0.9
    assert await admitted(second, "4/second") == 0
    for clock in (time, behind):
        clock.now += 0.2
    assert await admitted(first, "4/second") == 4


@pytest.mark.parametrize("text", ["5/minute", "2000/minute"])
async def test_a_clock_set_back_stops_nobody_for_longer_than_a_window(
    opened: Opens, time: Time, text: str
) -> None:
    windows = opened()
    full = await admitted(windows, text, tries=300)
    time.now -= 86_400
    assert await admitted(windows, text, tries=1) == 0
    time.now += 61
    assert await admitted(windows, text, tries=300) == full


async def test_redis_own_clock_is_of_no_matter(opened: Opens, time: Time) -> None:
    """The gateways' clock here is years from Redis'; its keys still end by themselves."""
    windows = opened()
    time.now += 10 * 365 * 86_400
    assert await admitted(windows) == 10
    time.now += 60
    assert await admitted(windows) == 10
    key = KEYS.window(rules("10/minute")[0].key)
    life_ms = await windows._link.run(lambda redis: redis.pttl(key), key)
    assert 0 < life_ms <= 61_000


@pytest.mark.parametrize("spoiled", ["set", "hset", "rpush"])
@pytest.mark.parametrize("text", ["5/minute", "2000/minute"])
async def test_a_key_that_others_spoilt_is_begun_anew(
    opened: Opens, spoiled: str, text: str
) -> None:
    windows = opened()
    key = KEYS.window(rules(text)[0].key)
    spoil = {"set": ("set", "x"), "hset": ("hset", "f", "x"), "rpush": ("rpush", "x")}[spoiled]
    await windows._link.run(lambda redis: getattr(redis, spoil[0])(key, *spoil[1:]), key)
    assert await admitted(windows, text, tries=5) == 5
    assert windows._link.errors == 0


async def test_a_script_that_redis_forgot_is_brought_again(opened: Opens) -> None:
    windows = opened()
    await windows.hit(rules("10/minute"))
    await windows._link.run(lambda redis: redis.script_flush(), "k")
    assert await admitted(windows) == 9
    assert windows._link.errors == 0


async def test_a_look_at_very_many_windows_never_holds_redis_for_long(opened: Opens) -> None:
    windows = opened()
    (rule,) = rules("10/minute")
    many = [rule._replace(key=f"{n}") for n in range(250)]
    await windows.hit(many[150:151])
    asked = 0
    run = windows._link.run

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return await run(*args, **options)

    windows._link.run = counted  # type: ignore[method-assign]
    standings = await windows.look(many)
    assert asked == 3
    assert [standing.rule for standing in standings] == many
    assert [at for at, standing in enumerate(standings) if standing.used] == [150]


async def test_a_stalled_redis_never_holds_the_event_loop(
    opened: Opens, redis_server: RedisServer
) -> None:
    windows = opened(timeout_s=0.05)
    await admitted(windows, tries=1)
    assert redis_server.process is not None
    beats = 0
    beats_before_an_answer: list[int] = []

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.002)
            beats += 1

    async def ask() -> float:
        verdict = await windows.hit(rules("1000/minute"))
        beats_before_an_answer.append(beats)
        return verdict.wait_s

    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as group:
            heart = group.create_task(beat())
            waits = await asyncio.gather(*(ask() for _ in range(50)))
            heart.cancel()
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert set(waits) == {0}
    assert not windows._link.up
    # Reads that block would answer all of them before the first beat. Some may come that early
    # on a slow machine: their timers end together with the heart's.
    assert beats_before_an_answer[-1] >= 1


async def test_back_from_an_outage_each_keeps_to_its_share_until_all_have_told(
    opened: Opens, redis_server: RedisServer, time: Time
) -> None:
    first, second = opened(), opened()
    first.gateways = second.gateways = 2
    redis_server.kill()
    assert await admitted(first) == 5
    assert await admitted(second) == 5
    redis_server.start()
    time.now += 2.5  # past the breaker's pause; none of the ten has left the window
    assert await admitted(first) == 0  # although Redis knows of none of the second's
    time.now += 61
    assert await admitted(first) == 10
