import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from cache.connecting import open_redis
from cache.nodes import SingleNode
from cache.redis import KeySpoiled, RedisAway, RedisLink
from cache.settings import RedisSettings
from tests.cache.conftest import Time
from tests.conftest import RedisServer, free_port
from tests.faults.toxic import toxic


@pytest.fixture
async def own_redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = open_redis(RedisSettings(url=SecretStr(redis_server.url)))
    yield client
    await client.aclose()


@pytest.fixture
async def nobody() -> AsyncIterator[Redis]:
    client = open_redis(RedisSettings(url=SecretStr(f"redis://127.0.0.1:{free_port()}/0")))
    yield client
    await client.aclose()


class Attempts:
    """Counts how often Redis is really asked."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self, redis: Redis) -> object:
        self.made += 1
        return await redis.ping()


async def test_five_failures_open_the_breaker_and_nobody_waits_any_more(nobody: Redis) -> None:
    link, ping = RedisLink(SingleNode(nobody), monotonic=Time(0)), Attempts()
    for _ in range(20):
        with pytest.raises(RedisAway):
            await link.run(ping, "k")
    assert ping.made == 5
    assert not link.up
    assert link.switches == 1


async def test_failures_far_apart_do_not_open_the_breaker(nobody: Redis) -> None:
    time = Time(0)
    link, ping = RedisLink(SingleNode(nobody), monotonic=time), Attempts()
    for _ in range(12):
        with pytest.raises(RedisAway):
            await link.run(ping, "k")
        time.now += 6
    assert ping.made == 12
    assert link.up


async def test_an_open_breaker_lets_one_try_every_two_seconds(nobody: Redis) -> None:
    time = Time(0)
    link, ping = RedisLink(SingleNode(nobody), monotonic=time), Attempts()
    for _ in range(5):
        with pytest.raises(RedisAway):
            await link.run(ping, "k")
    time.now = 2.1
    results = await asyncio.gather(
        *(link.run(ping, "k") for _ in range(50)), return_exceptions=True
    )
    assert ping.made == 6
    assert all(isinstance(result, RedisAway) for result in results)


async def test_a_redis_that_is_back_is_used_again(
    redis_server: RedisServer, own_redis: Redis
) -> None:
    time = Time(0)
    link, ping = RedisLink(SingleNode(own_redis), monotonic=time), Attempts()
    redis_server.kill()
    for _ in range(6):
        with pytest.raises(RedisAway):
            await link.run(ping, "k")
    redis_server.start()
    time.now = 2.1
    assert await link.run(ping, "k")
    assert link.up
    assert link.switches == 2
    for _ in range(3):
        assert await link.run(ping, "k")


async def test_a_stalled_redis_counts_as_away(redis_server: RedisServer, own_redis: Redis) -> None:
    link = RedisLink(SingleNode(own_redis))
    assert redis_server.process is not None
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        # The timeout of the test run would catch the 59 s that redis-py takes by default.
        with pytest.raises(RedisAway) as caught:
            await link.run(lambda redis: redis.incr("n"), "k")
        assert caught.value.sent
    finally:
        redis_server.process.send_signal(signal.SIGCONT)


async def test_a_redis_that_refuses_writes_counts_as_away(own_redis: Redis) -> None:
    link = RedisLink(SingleNode(own_redis))
    await own_redis.config_set("maxmemory", "1")
    with pytest.raises(RedisAway):
        await link.run(lambda redis: redis.set("k", "v" * 10_000), "k")


async def test_a_lost_answer_is_not_asked_for_again(redis_server: RedisServer) -> None:
    """redis-py repeats by itself unless told not to: one INCR would count twice."""
    seen = []

    async def lose_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", redis_server.port)
        while data := await reader.read(65_536):
            up_writer.write(data)
            answer = await up_reader.read(65_536)
            if b"INCR" in data:
                seen.append(data)
                break
            writer.write(answer)
        up_writer.close()
        writer.close()

    server = await asyncio.start_server(lose_answers, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = open_redis(RedisSettings(url=SecretStr(f"redis://127.0.0.1:{port}/0")))
    with pytest.raises(RedisAway):
        await RedisLink(SingleNode(client)).run(lambda redis: redis.incr("n"), "k")
    assert len(seen) == 1
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_a_cancelled_command_never_leaks_its_answer_to_the_next(redis: Redis) -> None:
    for number in range(200):
        await redis.set(f"key{number}", number)
    for number in range(200):
        task = asyncio.ensure_future(redis.get(f"key{number}"))
        for _ in range(number % 4):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await redis.get("key7") == b"7"


async def test_a_key_of_another_type_says_nothing_about_redis(redis: Redis) -> None:
    link = RedisLink(SingleNode(redis))
    await redis.rpush("list", "x")
    for _ in range(10):
        with pytest.raises(KeySpoiled):
            await link.run(lambda redis: redis.get("list"), "k")
    assert (link.up, link.errors) == (True, 10)


@pytest.mark.parametrize("script", [False, True])
async def test_a_name_that_leads_to_a_new_master_is_resolved_anew(
    redis_server: RedisServer, redis_url: str, *, script: bool
) -> None:
    """A cloud gives one name, and lets it lead elsewhere; connections that are open stay."""

    async def write(redis: Redis) -> object:
        if script:  # Redis 6 wraps the refusal there
            return await redis.eval("return redis.call('SET', KEYS[1], 'v')", 1, "k")
        return await redis.set("k", "v")

    async with toxic(redis_server.port) as name:
        client = open_redis(RedisSettings(url=SecretStr(name.url), socket_timeout_s=5))
        link = RedisLink(SingleNode(client))
        assert await link.run(write, "k")
        redis_server.ask("REPLICAOF", "127.0.0.1", str(free_port()))
        name.upstream_port = int(redis_url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(RedisAway):
            await link.run(write, "k")
        assert await link.run(write, "k")
        await client.aclose()
