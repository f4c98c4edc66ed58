"""What it costs that calls are granted ahead: python -m bench.grants.

One gateway on a real Redis and a real PostgreSQL (fsync off). For rules of 100, 600 and 60 000
calls a minute, as many calls as they allow, at most 2 000: processor and wall time of a call that
Redis judges alone, and of one that PostgreSQL has granted before, by turns in one run; and how
many questions went to PostgreSQL for 100 calls. Then the same without Redis: PostgreSQL decides.
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import uvloop
from pydantic import SecretStr

from cache.backed_windows import BackedWindows
from cache.connecting import open_redis
from cache.grants import Answer, Ask
from cache.keys import Keys
from cache.nodes import SingleNode
from cache.rates import parse_rates
from cache.redis import RedisLink
from cache.reserves import Reserves
from cache.settings import RedisSettings
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Rule, Windows, window_key
from core.logging import LogSettings, setup_logging
from core.tasks import TaskSet
from proxy.database_grants import DatabaseGrants
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate
from tests.conftest import RedisServer
from tests.e2e.own_postgres import own_postgres

RATES = (100, 600, 60_000)
MOST = 2_000
ROUNDS = 5


class Cost(NamedTuple):
    """Of one call, in µs."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.0f} µs of the processor, {self.wall:.0f} µs in all"


class Counted(DatabaseGrants):
    """Counts its questions."""

    questions = 0

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        self.questions += 1
        return await super().grant(asks)


async def cost(windows: Windows, rules: list[Rule], calls: int) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(calls):
        assert not (await windows.hit(rules)).wait_s
    return Cost(
        *((t / calls * 1e6) for t in (time.process_time() - cpu, time.perf_counter() - wall))
    )


async def compare(database: Database, redis: RedisServer) -> None:
    tasks, local = TaskSet(), MemoryWindows()
    link = RedisLink(SingleNode(open_redis(RedisSettings(url=SecretStr(redis.url)))))
    shared = SharedWindows(link, Keys("bench"), local, timeout_s=1)
    await shared.hit([Rule("first", parse_rates("1/second")[0])])
    with redis.client() as client:  # as if it had counted for long
        client.hset(Keys("bench").windows_born(), "born", 1)
    grants = Counted(database, tasks=tasks)
    backed = BackedWindows(shared, Reserves(grants, tasks=tasks), local)
    for per_minute in RATES:
        grants.questions = 0
        calls = min(MOST, per_minute)
        pairs = [
            [
                await cost(windows, rules(per_minute, f"{name}{number}"), calls)
                for name, windows in (("alone", shared), ("backed", backed))
            ]
            for number in range(ROUNDS)
        ]
        alone, granted = (min(costs) for costs in zip(*pairs, strict=True))
        asked = grants.questions / ROUNDS / calls * 100
        print(f"{per_minute}/minute: Redis alone {alone}; granted {granted}: "
              f"{granted.cpu / alone.cpu:.2f} × and {granted.wall / alone.wall:.2f} ×; "
              f"{asked:.1f} questions for 100 calls")  # fmt: skip
    redis.kill()
    for per_minute in RATES:
        calls = min(MOST, per_minute)
        print(f"{per_minute}/minute without Redis: "
              f"{await cost(backed, rules(per_minute, 'apart'), calls)}")  # fmt: skip
    await tasks.aclose()


def rules(per_minute: int, name: str) -> list[Rule]:
    return [
        Rule(window_key(name, str(per_minute)), rate)
        for rate in parse_rates(f"{per_minute}/minute")
    ]


async def main() -> int:
    setup_logging(LogSettings(level="error"))
    with tempfile.TemporaryDirectory() as name, own_postgres() as postgres:
        redis = RedisServer(Path(name))
        redis.start()
        settings = DatabaseSettings(url=SecretStr(postgres.url))
        async with open_database(settings, Path(name)) as database:
            await migrate(database)
            await compare(database, redis)
    return 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
