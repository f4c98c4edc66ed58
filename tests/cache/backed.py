"""Gateways on a Redis that can be taken from them, and grants that cannot."""

from collections.abc import Callable, Sequence

from redis.asyncio import Redis

from cache.backed_windows import BackedWindows
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.redis import RedisLink
from cache.reserves import Reserves
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule
from core.clock import Clock
from core.tasks import TaskSet
from tests.cache.grants import OwnGrants
from tests.cache.windows import rules

TEN = rules("10/minute")
# Windows of a gateway of its own, on the test's Redis or on another one.
Opens = Callable[..., BackedWindows]


def backed(redis: Redis, grants: OwnGrants, tasks: TaskSet, time: Clock) -> BackedWindows:
    """The windows of one gateway."""
    local = MemoryWindows(monotonic=time)
    link = RedisLink(SingleNode(redis), monotonic=time)
    shared = SharedWindows(link, Keys("t"), local, clock=time, timeout_s=5)
    return BackedWindows(shared, Reserves(grants, tasks=tasks, steady=time), local)


async def admitted(windows: BackedWindows, tries: int = 30, each: Sequence[Rule] = TEN) -> int:
    """How many of so many calls are let through."""
    verdicts = [await windows.hit(each) for _ in range(tries)]
    return sum(verdict.wait_s == 0 for verdict in verdicts)
