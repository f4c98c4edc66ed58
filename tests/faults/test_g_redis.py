"""Redis goes wrong under a whole relay: its callers get answers all the same."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from cache.connecting import open_redis
from cache.eviction import risky_policy
from cache.nodes import SingleNode
from cache.redis import RedisAway, RedisLink
from cache.settings import RedisSettings
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import RedisServer, free_port
from tests.faults.toxic import Toxic, toxic
from tests.gateway import Gateway, open_gateway
from tests.handlers.relaying import STABLE, WITH_KEY
from tests.proxy.caching import CALLBACK_IPS, MENU, MENU_CREATE, MENU_GET, caching

DRAFTS = "/cgi-bin/draft/count"


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with run_sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
def upstream(sandbox: RunningSandbox) -> UpstreamSettings:
    return UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url, timeout_s=5)


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[Toxic]:
    async with toxic(redis_server.port) as opened:
        yield opened


@pytest.fixture
async def gateway(
    upstream: UpstreamSettings, proxy: Toxic, tmp_path: Path
) -> AsyncIterator[Gateway]:
    async with open_gateway(caching(upstream, tmp_path, redis_url=proxy.url)) as opened:
        yield opened


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = open_redis(RedisSettings(url=SecretStr(redis_server.url), socket_timeout_s=5))
    yield client
    await client.aclose()


@pytest.fixture
async def link(proxy: Toxic) -> AsyncIterator[RedisLink]:
    client = open_redis(RedisSettings(url=SecretStr(proxy.url)))
    yield RedisLink(SingleNode(client))
    await client.aclose()


def redis_state(gateway: Gateway) -> dict[str, Any]:
    state: dict[str, Any] = gateway.statistics.snapshot()["redis"]
    return state


async def works(gateway: Gateway, times: int = 1) -> list[str]:
    """Reads that are kept and reads that are not both get WeChat's answer; the cache's word."""
    said = []
    async with gateway.client(**WITH_KEY) as caller:
        for _ in range(times):
            kept, plain = await caller.get(CALLBACK_IPS), await caller.get(DRAFTS)
            assert (kept.status_code, "ip_list" in kept.json()) == (200, True)
            assert (plain.status_code, plain.json()) == (200, {"total_count": 0})
            said.append(kept.headers["x-wxgate-cache"])
    return said


async def until_up(gateway: Gateway) -> None:
    async with asyncio.timeout(20):
        while not redis_state(gateway)["up"]:
            await works(gateway)
            await asyncio.sleep(0.05)


async def test_119_down_at_the_start(upstream: UpstreamSettings, tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    async with open_gateway(caching(upstream, tmp_path, redis_url=url)) as gateway:
        assert "hit" in await works(gateway, 6)
        assert not redis_state(gateway)["up"]


async def test_119_a_whole_gateway_is_ready_without_its_redis(open_stand: Any) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    async with open_stand({"redis": {"url": url}}) as stand:
        assert (await stand.http.get("/health/ready")).status_code == 200
        named = {"x-wxgate-account": "main"}
        assert (await stand.http.get(DRAFTS, headers=named)).json() == {"total_count": 0}


async def test_120_killed_under_load_and_back(
    gateway: Gateway, redis_server: RedisServer, sandbox: RunningSandbox
) -> None:
    await works(gateway)
    going = True

    async def load() -> None:
        while going:
            await works(gateway)
            await asyncio.sleep(0.1)  # or a quick machine spends the day's 1 000 calls of a path

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(load())
        redis_server.kill()
        async with asyncio.timeout(20):
            while redis_state(gateway)["up"]:
                await asyncio.sleep(0.01)
            redis_server.start()
            while not redis_state(gateway)["up"]:
                await asyncio.sleep(0.01)
        going = False
    assert sandbox.calls.count(STABLE) == 1


async def test_121_a_black_hole_is_waited_for_a_few_times_only(
    gateway: Gateway, proxy: Toxic
) -> None:
    await works(gateway)
    proxy.blackhole = True
    before = redis_state(gateway)["errors"]
    await works(gateway, 10)
    assert not redis_state(gateway)["up"]
    proxy.sent = 0
    await works(gateway, 50)
    assert redis_state(gateway)["errors"] - before <= 8
    assert proxy.sent <= 4


async def test_121_so_is_an_answer_that_comes_two_seconds_late(
    gateway: Gateway, proxy: Toxic
) -> None:
    await works(gateway)
    proxy.latency_s = 2.0
    before = redis_state(gateway)["errors"]
    await works(gateway, 50)
    assert redis_state(gateway)["errors"] - before <= 8


async def test_122_a_count_whose_answer_is_lost_is_not_written_twice(
    gateway: Gateway, proxy: Toxic, redis: Redis
) -> None:
    async with gateway.client(**WITH_KEY) as caller:
        for _ in range(5):
            await caller.get(DRAFTS)
        proxy.deaf = True
        proxy.reset()
        await asyncio.sleep(1.2)  # the counters are flushed every second
        proxy.heal()
        for _ in range(5):
            await caller.get(DRAFTS)
        await asyncio.sleep(1.2)
    counted = 0
    for key in await redis.keys("*:calls:*"):
        counted += int(await redis.hget(key, DRAFTS) or 0)
    assert counted <= 10


async def test_123_a_cancelled_command_never_leaks_its_answer(
    link: RedisLink, proxy: Toxic, redis: Redis
) -> None:
    for tenant in range(50):
        await redis.set(f"tenant{tenant}", tenant)
    proxy.latency_s = 0.002
    chance = random.Random(123)

    async def one(number: int) -> None:
        tenant = number % 50
        task = asyncio.ensure_future(link.run(lambda redis: redis.get(f"tenant{tenant}"), "k"))
        await asyncio.sleep(chance.random() * 0.006)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        try:
            found = await link.run(lambda redis: redis.get(f"tenant{tenant}"), "k")
        except RedisAway:
            return
        assert found == b"%d" % tenant

    for start in range(0, 1_000, 20):
        await asyncio.gather(*(one(number) for number in range(start, start + 20)))


async def test_124_a_replica_after_failover(gateway: Gateway, redis: Redis) -> None:
    await works(gateway)
    await redis.replicaof("127.0.0.1", str(free_port()))
    async with gateway.client(**WITH_KEY) as caller:
        for _ in range(10):
            answer = await caller.post(MENU_CREATE, json=MENU)
            assert answer.status_code == 200
            await works(gateway)
    await redis.replicaof("NO", "ONE")
    await until_up(gateway)
    assert "hit" in await works(gateway, 2)


async def test_125_out_of_memory_reads_go_on(gateway: Gateway, redis: Redis) -> None:
    await works(gateway)
    await redis.config_set("maxmemory", "1")
    assert await works(gateway, 3) == ["hit"] * 3
    async with gateway.client(**WITH_KEY) as caller:
        for number in range(8):
            answer = await caller.get(MENU_GET, params={"n": number})
            assert answer.status_code == 200
    await redis.config_set("maxmemory", "0")
    await until_up(gateway)


async def test_126_a_policy_that_drops_nonces_is_found(link: RedisLink, redis: Redis) -> None:
    assert await risky_policy(link) == ""
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    assert await risky_policy(link) == "allkeys-lru"


async def test_127_forgotten_scripts_are_loaded_again(gateway: Gateway, redis: Redis) -> None:
    await works(gateway)
    await redis.script_flush()
    assert await works(gateway, 3) == ["hit"] * 3
    assert redis_state(gateway)["errors"] == 0


@pytest.mark.parametrize(
    "refusal",
    [
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script",
        "MASTERDOWN Link with MASTER is down",
        "NOAUTH Authentication required.",
        "NOPERM this user has no permissions to run the 'eval' command",
        "MOVED 3999 127.0.0.1:1",
        "ERR DB index is out of range",
        "CLUSTERDOWN The cluster is down",
        "nonsense",
    ],
)
async def test_128_every_refusal_counts_as_away(
    upstream: UpstreamSettings, tmp_path: Path, refusal: str
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            writer.write(f"-{refusal}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    async with open_gateway(caching(upstream, tmp_path, redis_url=url)) as gateway:
        assert "hit" in await works(gateway, 6)
        assert not redis_state(gateway)["up"]
    server.close()
    await server.wait_closed()


async def test_128_a_wrong_password_is_named_and_not_shown(
    upstream: UpstreamSettings, redis_server: RedisServer, redis: Redis, tmp_path: Path
) -> None:
    await redis.config_set("requirepass", "right-password")
    url = redis_server.url.replace("redis://", "redis://:wrong-password@")
    with capture_logs() as logs:
        async with open_gateway(caching(upstream, tmp_path, redis_url=url)) as gateway:
            await works(gateway, 3)
    assert any("redis refuses our credentials" in line["event"] for line in logs)
    assert "password" not in str(logs)


async def test_129_back_with_nothing_costs_no_token(
    gateway: Gateway, redis_server: RedisServer, sandbox: RunningSandbox, redis: Redis
) -> None:
    await works(gateway)
    redis_server.kill()
    redis_server.start()
    await until_up(gateway)
    await works(gateway, 3)
    assert sandbox.calls.count(STABLE) == 1


async def test_130_a_peer_that_vanished_costs_one_slow_call_a_connection(
    link: RedisLink, proxy: Toxic
) -> None:
    assert await link.run(lambda redis: redis.ping(), "k")
    proxy.vanish()
    with pytest.raises(RedisAway):
        await link.run(lambda redis: redis.ping(), "k")
    assert await link.run(lambda redis: redis.ping(), "k")
    assert link.up


async def test_131_no_connection_is_to_be_had(gateway: Gateway, redis: Redis, proxy: Toxic) -> None:
    await redis.config_set("maxclients", "1")
    proxy.reset()
    assert "hit" in await works(gateway, 6)
    await redis.config_set("maxclients", "10000")


async def test_131_a_thousand_waiters_for_the_pool_all_get_their_no(
    link: RedisLink, proxy: Toxic
) -> None:
    proxy.blackhole = True
    ends = await asyncio.gather(
        *(link.run(lambda redis: redis.get("k"), "k") for _ in range(1_000)), return_exceptions=True
    )
    assert {type(end) for end in ends} == {RedisAway}
    proxy.heal()


async def test_132_one_replica_alone_loses_redis(
    gateway: Gateway,
    upstream: UpstreamSettings,
    redis_server: RedisServer,
    proxy: Toxic,
    tmp_path: Path,
    sandbox: RunningSandbox,
) -> None:
    setup = caching(upstream, tmp_path / "b", redis_url=redis_server.url)
    async with open_gateway(setup) as other:
        await _menu(gateway, "一")
        assert "一" in await _shown(other)
        proxy.blackhole = True
        await works(gateway, 6)
        await _menu(gateway, "二")
        assert "二" in await _shown(gateway)
        await works(other)
        proxy.heal()
        async with asyncio.timeout(20):
            while "二" not in await _shown(other):
                await asyncio.sleep(0.05)
    assert sandbox.calls.count(STABLE) == 1


async def _menu(gateway: Gateway, name: str) -> None:
    menu = {"button": [{**MENU["button"][0], "name": name}]}
    async with gateway.client(**WITH_KEY) as caller:
        body = orjson.dumps(menu)
        assert (await caller.post(MENU_CREATE, content=body)).json()["errcode"] == 0


async def _shown(gateway: Gateway) -> str:
    async with gateway.client(**WITH_KEY) as caller:
        return (await caller.get(MENU_GET)).text


@pytest.mark.parametrize("spoil", ["list", "text"])
async def test_133_spoilt_keys_are_mended(gateway: Gateway, redis: Redis, spoil: str) -> None:
    await works(gateway)
    keys = await redis.keys("*")
    assert keys
    for key in keys:
        await redis.delete(key)
        await (redis.rpush(key, "x") if spoil == "list" else redis.set(key, "v0 of long ago"))
    assert "hit" in await works(gateway, 3)
    assert redis_state(gateway)["up"]
