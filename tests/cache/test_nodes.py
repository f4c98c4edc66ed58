import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from cache.nodes import ALL_SLOTS, FollowedNodes, LayoutUnknown, Owner, SingleNode
from cache.redis_url import Address

ONE, TWO = ("one", 1), ("two", 2)
HALF = ALL_SLOTS // 2
LOW, HIGH = "b", "a"  # their slots: 3300, 15495


@dataclass
class Told:
    """A Layout that says what a test lets it say."""

    says: Sequence[Owner] | Exception = ()
    asked: int = 0
    hangs: bool = False
    closed: list[str] = field(default_factory=list)

    async def owners(self, client_of: Callable[[Address], Redis]) -> Sequence[Owner]:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def aclose(self) -> None:
        self.closed.append("layout")


class Client(Redis):
    """A client that never connects, and says when it is closed."""

    def __init__(self, name: str, closed: list[str]) -> None:
        super().__init__()
        self._name, self._closed = name, closed

    async def aclose(self, *_: object) -> None:
        self._closed.append(self._name)


@pytest.fixture
def told() -> Told:
    return Told([Owner(0, HALF - 1, ONE), Owner(HALF, ALL_SLOTS - 1, TWO)])


@pytest.fixture
async def nodes(told: Told) -> AsyncIterator[FollowedNodes]:
    async with FollowedNodes(
        "cluster", told, lambda address: Client(address[0], told.closed)
    ) as opened:
        yield opened


def keeper(nodes: FollowedNodes, key: str) -> Address | None:
    node = nodes.of(key)
    return None if node is None else node.address


async def test_each_key_has_its_keeper(nodes: FollowedNodes) -> None:
    assert (keeper(nodes, LOW), keeper(nodes, HIGH)) == (ONE, TWO)
    assert keeper(nodes, "{b}:x") == ONE
    assert [node.address for node in nodes.all()] == [ONE, TWO]


async def test_slots_that_nobody_keeps_have_none(nodes: FollowedNodes, told: Told) -> None:
    told.says = [Owner(HALF, HALF + 10, ONE)]
    await nodes.refresh()
    assert (keeper(nodes, LOW), keeper(nodes, HIGH)) == (None, None)


async def test_who_keeps_nothing_any_more_is_left(nodes: FollowedNodes, told: Told) -> None:
    for key in (LOW, HIGH):
        nodes.of(key)
    before = nodes.version
    told.says = [Owner(0, ALL_SLOTS - 1, TWO)]
    await nodes.refresh()
    assert (keeper(nodes, LOW), keeper(nodes, HIGH)) == (TWO, TWO)
    assert told.closed == ["one"]
    assert nodes.version != before


async def test_what_was_known_last_counts_while_nobody_knows(
    nodes: FollowedNodes, told: Told
) -> None:
    told.says = LayoutUnknown("all are away")
    before = nodes.version
    await nodes.refresh()
    assert keeper(nodes, LOW) == ONE
    assert (nodes.version, nodes.unknown) == (before, "all are away")


async def test_a_doubt_is_looked_into_at_once_and_a_thousand_as_one(
    nodes: FollowedNodes, told: Told
) -> None:
    before = told.asked
    async with asyncio.timeout(20):
        for _ in range(1_000):
            nodes.doubt()
        while told.asked == before:
            await asyncio.sleep(0.01)
    assert told.asked == before + 1


async def test_looking_goes_on_whatever_the_layout_raises(nodes: FollowedNodes, told: Told) -> None:
    told.says = ZeroDivisionError()
    async with asyncio.timeout(20):
        while told.asked < 3:
            await asyncio.sleep(0.01)
        told.says = [Owner(0, ALL_SLOTS - 1, TWO)]
        while keeper(nodes, LOW) != TWO:
            await asyncio.sleep(0.01)


async def test_a_start_does_not_wait_for_a_layout_that_hangs() -> None:
    told = Told(hangs=True)
    async with asyncio.timeout(20), FollowedNodes("sentinel", told, lambda _: Redis()) as nodes:
        assert nodes.of("k") is None
        assert list(nodes.all()) == []


async def test_all_is_closed_in_the_end(told: Told) -> None:
    async with FollowedNodes("cluster", told, lambda at: Client(at[0], told.closed)) as nodes:
        nodes.of(LOW)
    assert sorted(told.closed) == ["layout", "one"]


async def test_one_server_keeps_every_key_and_follows_nobody() -> None:
    redis = Redis()
    nodes = SingleNode(redis)
    nodes.doubt()
    assert {nodes.of("a"), nodes.of("b"), *nodes.all()} == {nodes.of("c")}
    assert nodes.at(ONE) is None
