"""Redis goes wrong under two `wxgate serve`, each with a way of its own to it: 119 to 133."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.conftest import RedisServer, free_port
from tests.faults.on_redis import PLAIN, OnRedis, open_on_redis
from tests.faults.toxic import Toxic, toxic
from tests.handlers.relaying import png

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

MENU_GET, MENU_CREATE = "/cgi-bin/menu/get", "/cgi-bin/menu/create"
COUNT, ADD = "/cgi-bin/material/get_materialcount", "/cgi-bin/material/add_material?type=image"


@dataclass(frozen=True)
class Group:
    """Two replicas, their ways to Redis, and Redis itself."""

    on: OnRedis
    ways: list[Toxic]
    server: RedisServer
    words_at_the_start: list[str]  # of the response cache, with nobody at Redis' port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(
    replicas_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Group]:
    """They start without Redis (119), which comes later."""
    directory = tmp_path_factory.mktemp("replicas")
    server = RedisServer(directory)
    async with AsyncExitStack() as stack:
        stack.callback(server.kill)
        stack.callback(server.resume)
        ways = [await stack.enter_async_context(toxic(server.port)) for _ in range(2)]
        on = await stack.enter_async_context(
            open_on_redis(directory, replicas_database, [way.url for way in ways])
        )
        words = await on.work(4)
        await on.until(up=False)
        server.start()
        await on.until(up=True)
        yield Group(on, ways, server, words)


@pytest_asyncio.fixture(loop_scope="module")
async def group(whole: Group) -> AsyncIterator[Group]:
    """All is well at the begin, and is made well again."""
    await whole.on.work()
    yield whole
    if whole.server.process is None:
        whole.server.start()
    whole.server.resume()
    for way in whole.ways:
        way.heal()
    whole.server.ask("CONFIG", "SET", "maxmemory", "0")
    await whole.on.until(up=True)


async def test_119_both_start_without_redis_and_use_it_once_it_is_there(group: Group) -> None:
    assert "hit" in group.words_at_the_start
    assert all([await replica.is_ready() for replica in group.on.replicas.each])
    assert set(await group.on.work(3)) == {"hit"}


async def test_120_killed_under_load_and_back_nothing_is_lost_or_done_twice(group: Group) -> None:
    on, going = group.on, True
    tokens, before = on.tokens(), len(on.sandbox.ledger.entries("publication"))

    async def load() -> None:
        while going:
            await on.work()
            await asyncio.sleep(0.3)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(load())
        first = [await on.hand_in(number % 2, f"之前{number}") for number in range(2)]
        group.server.kill()
        await on.until(up=False)
        meanwhile = [await on.hand_in(number % 2, f"其间{number}") for number in range(2)]
        ends = [await on.ended(job) for job in (*first, *meanwhile)]
        group.server.start()
        await on.until(up=True)
        going = False
    assert ends == ["succeeded"] * 4
    assert len(on.sandbox.ledger.entries("publication")) - before == 4
    assert on.tokens() == tokens


async def test_120_without_redis_a_replica_that_was_just_started_has_the_token(
    group: Group,
) -> None:
    before = group.on.tokens()
    group.server.kill()
    replica = group.on.replicas[1]
    assert await replica.end() != 0
    await replica.start()
    await group.on.work(3)
    assert group.on.tokens() == before
    group.server.start()
    await group.on.until(up=True)
    await group.on.work(3)
    assert group.on.tokens() == before


async def test_121_a_black_hole_is_asked_a_few_times_only(group: Group) -> None:
    for way in group.ways:
        way.blackhole = True
    await group.on.until(up=False)
    before = [(await group.on.redis(number))["errors"] for number in range(2)]
    await group.on.work(20)
    after = [(await group.on.redis(number))["errors"] for number in range(2)]
    # Who looks every second or two goes on to; forty calls do not.
    assert all(late - early < 40 for early, late in zip(before, after, strict=True))


async def test_122_counts_whose_answers_were_lost_are_not_written_twice(group: Group) -> None:
    await group.on.work(3)
    for way in group.ways:
        way.deaf = True
        way.reset()
    await group.on.work(3)
    await asyncio.sleep(1.2)  # the counters are flushed every second
    for way in group.ways:
        way.heal()
    await group.on.until(up=True)
    await group.on.work(2)
    await asyncio.sleep(1.2)
    with group.server.client() as client:
        counts = [client.hget(key, PLAIN) for key in client.scan_iter("*:calls:*")]
    assert 0 < sum(int(count or 0) for count in counts) <= group.on.sandbox.calls.count(PLAIN)


async def test_123_callers_that_leave_give_nobody_the_answer_of_another_account(
    group: Group,
) -> None:
    files = {"media": ("a.png", png(), "image/png")}
    assert "media_id" in (await group.on.callers[0].post(ADD, files=files)).json()
    for way in group.ways:
        way.latency_s = 0.01
    chance = random.Random(123)

    async def images(number: int, account: str) -> int | None:
        headers = {"X-Wxgate-Account": account}
        answer = await group.on.callers[number % 2].get(COUNT, headers=headers)
        count: int | None = answer.json().get("image_count")
        return count

    async def leave(number: int) -> None:
        work = asyncio.ensure_future(images(number, "main"))
        await asyncio.sleep(chance.random() * 0.05)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    main, personal = await images(0, "main"), await images(0, "personal")
    assert main != personal
    for number in range(0, 100, 10):
        await asyncio.gather(*(leave(number + each) for each in range(10)))
        assert await images(number, "personal") == personal
        assert await images(number + 1, "main") == main


async def test_124_a_master_that_became_a_replica_counts_as_away_until_it_is_one_again(
    group: Group,
) -> None:
    group.server.ask("REPLICAOF", "127.0.0.1", str(free_port()))
    await group.on.until(up=False)
    await group.on.work(3)
    group.server.ask("REPLICAOF", "NO", "ONE")
    await group.on.until(up=True)
    assert set(await group.on.work(3)) <= {"hit", "miss"}


async def test_125_out_of_memory_reads_go_on_and_writes_too(group: Group) -> None:
    group.server.ask("CONFIG", "SET", "maxmemory", "1")
    await _menu(group, 0, "满")
    assert "满" in await _shown(group, 0)
    await group.on.work(3)


async def test_126_a_start_says_that_redis_may_drop_nonces(group: Group) -> None:
    replica = group.on.replicas[1]
    group.server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        assert "may evict nonces" not in replica.log.read_text("utf-8")
        assert await replica.end() != 0
        await replica.start()
        async with asyncio.timeout(30):
            while "may evict nonces" not in replica.log.read_text("utf-8"):
                await asyncio.sleep(0.05)
    finally:
        group.server.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_127_forgotten_scripts_are_brought_again(group: Group) -> None:
    before = [(await group.on.redis(number))["errors"] for number in range(2)]
    group.server.ask("SCRIPT", "FLUSH")
    assert set(await group.on.work(3)) == {"hit"}
    assert [(await group.on.redis(number))["errors"] for number in range(2)] == before


async def test_128_a_password_that_came_is_named_in_the_log_and_not_shown(group: Group) -> None:
    with group.server.client() as client:
        client.config_set("requirepass", "canary-of-128")
        client.client_kill_filter(_type="normal", skipme=True)
        await group.on.until(up=False)
        client.config_set("requirepass", "")
    await group.on.until(up=True)
    logs = "".join(replica.log.read_text("utf-8") for replica in group.on.replicas.each)
    assert "redis refuses our credentials" in logs
    assert "canary-of-128" not in logs


async def test_129_back_with_nothing_costs_no_token(group: Group) -> None:
    before = group.on.tokens()
    group.server.kill()
    group.server.start()
    await group.on.work(3)
    await group.on.until(up=True)
    assert group.on.tokens() == before
    assert "hit" in await group.on.work(3)


async def test_130_peers_that_vanished_are_given_up(group: Group) -> None:
    for way in group.ways:
        way.vanish()
    await group.on.work(2)
    await group.on.until(up=True)
    assert set(await group.on.work(2)) == {"hit"}


async def test_131_no_connection_is_to_be_had(group: Group) -> None:
    with group.server.client() as client:  # the one that is let in, to the end
        client.config_set("maxclients", "1")
        for way in group.ways:
            way.reset()
        await group.on.until(up=False)
        assert "hit" in await group.on.work(3)
        client.config_set("maxclients", "10000")


async def test_132_one_replica_alone_loses_redis_and_nothing_is_published_twice(
    group: Group,
) -> None:
    on, before = group.on, len(group.on.sandbox.ledger.entries("publication"))
    tokens = on.tokens()
    await _menu(group, 0, "一")
    assert "一" in await _shown(group, 1)
    group.ways[0].blackhole = True
    await on.until(up=False, of=[0])
    assert (await on.redis(1))["up"]
    jobs = [await on.hand_in(number % 2, f"分隔{number}") for number in range(6)]
    assert [await on.ended(job) for job in jobs] == ["succeeded"] * 6
    assert len(on.sandbox.ledger.entries("publication")) - before == 6
    await _menu(group, 0, "二")
    assert "二" in await _shown(group, 0)
    group.ways[0].heal()
    async with asyncio.timeout(60):
        while "二" not in await _shown(group, 1):
            await asyncio.sleep(0.05)
    assert on.tokens() == tokens


@pytest.mark.parametrize("spoil", ["list", "text"])
async def test_133_keys_that_somebody_spoilt_are_mended(group: Group, spoil: str) -> None:
    with group.server.client() as client:
        keys = list(client.scan_iter("*"))
        assert keys
        for key in keys:
            client.delete(key)
            client.rpush(key, "x") if spoil == "list" else client.set(key, "v0 of long ago")
    assert "hit" in await group.on.work(4)
    await group.on.until(up=True)


async def _menu(group: Group, number: int, name: str) -> None:
    menu = {"button": [{"type": "click", "name": name, "key": "K"}]}
    answer = await group.on.callers[number].post(MENU_CREATE, json=menu)
    assert answer.json()["errcode"] == 0, answer.text


async def _shown(group: Group, number: int) -> str:
    return (await group.on.callers[number].get(MENU_GET)).text
