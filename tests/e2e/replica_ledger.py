"""Jobs of many accounts on replicas that die, as their stores do: who says what was done?

tests/e2e/ledger.py judges the jobs; here come WeChat's tokens and a client's limit, which all
replicas have in common.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from sandbox.server import RunningSandbox, run_sandbox
from store.engine import DatabaseSettings, StorageUnavailable, open_database
from store.migrate import migrate
from tests.e2e import relayed
from tests.e2e.ahead import ahead_by
from tests.e2e.ledger import Outcome, Plan, Run, configuration, key_of, sandbox_of
from tests.e2e.misfortunes import Misfortunes, Pace
from tests.e2e.own_postgres import OwnPostgres, own_postgres
from tests.e2e.redis_to_lose import OneRedis, RedisToLose, SentinelRedis
from tests.e2e.relayed import Limit, Passed, Stream
from tests.e2e.replicas import Replicas, open_replicas
from tests.e2e.token_lives import TokenCalls, token_calls

_RELAYING = "relaying"
_CALLER_TIMEOUT_S = 10  # less than a replica is stopped: a caller then tries another


@dataclass(frozen=True)
class ReplicaPlan:
    """A Plan for so many replicas; what befalls them is at the Pace."""

    jobs: Plan
    replicas: int = 3
    calls_a_minute: int = 50
    sentinels: bool = False  # else a Redis of one server
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True)
class ReplicaOutcome:
    """The end of a run."""

    jobs: Outcome
    tokens: dict[str, TokenCalls]  # by account
    passed: Passed
    befell: Mapping[str, int]
    amid: int  # of the kills and stops, those that began while WeChat was publishing something

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = [fault for account in self.jobs.accounts.values() for fault in account.faults]
        again: Counter[str] = sum((each.again for each in self.tokens.values()), Counter())
        found += [f"{again['none']} token calls too many"] * bool(again["none"])
        found += [f"{self.passed.over} calls over the limit"] * (self.passed.over > 0)
        return found


class ReplicaRun:
    """One run of a ReplicaPlan."""

    def __init__(
        self,
        plan: ReplicaPlan,
        sandbox: RunningSandbox,
        run: Run,
        stream: Stream,
        misfortunes: Misfortunes,
    ) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._run = run
        self._stream = stream
        self.misfortunes = misfortunes

    async def go(self) -> ReplicaOutcome:
        """All of it, to the end of the last job."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stream.go(over))
            jobs = await self._run.go()
            over.set()
        spells, real = self.misfortunes.spells, self._run.without_jumps
        known = self._sandbox.world.settings.accounts
        tokens = {
            f"a{number}": token_calls(self._sandbox, account.app_id, spells, real)
            for number, account in enumerate(known)
        }
        limit = Limit(self._plan.calls_a_minute, self._plan.replicas)
        passed = relayed.judge(self._stream, limit, spells)
        return ReplicaOutcome(jobs, tokens, passed, self.misfortunes.counts, self._amid())

    def _amid(self) -> int:
        """How many kills and stops began between a submit and its publication's end."""
        begun = [entry.at for entry in self._sandbox.ledger.entries("publication")]
        lasting_s = self._plan.jobs.publish_s
        return sum(
            any(at <= spell.began < at + lasting_s for at in begun)
            for spell in self.misfortunes.spells
            if spell.kind in ("kill", "stop")
        )

    async def progress(self) -> str:
        """How far it is."""
        counts = self.misfortunes.counts.items()
        befell = ", ".join(f"{count} {kind}" for kind, count in sorted(counts))
        try:
            jobs = await self._run.progress()
        except StorageUnavailable:
            jobs = "PostgreSQL is away"
        return f"{jobs}; {befell}"


@asynccontextmanager
async def open_replica_run(plan: ReplicaPlan, directory: Path) -> AsyncIterator[ReplicaRun]:
    """A sandbox, stores of its own, and replicas that are not started yet."""
    ahead = directory / "ahead"
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(own_postgres())
        made: RedisToLose = SentinelRedis(directory) if plan.sentinels else OneRedis(directory)
        redis = stack.enter_context(made)
        jobs = replace(plan.jobs, database_url=postgres.url)
        sandbox = await stack.enter_async_context(run_sandbox(sandbox_of(jobs)))
        sandbox.calls.seen = deque()  # all of them, not the last
        kept = DatabaseSettings(url=SecretStr(postgres.url))
        database = await stack.enter_async_context(open_database(kept, directory))
        await migrate(database)
        replicas = await stack.enter_async_context(
            open_replicas(
                directory,
                _configuration(plan, jobs, sandbox, redis),
                count=plan.replicas,
                program=ahead_by(ahead),
                start=False,
                http=_impatient,
            )
        )
        misfortunes = _misfortunes(plan, replicas, redis, postgres, sandbox)
        run = Run(jobs, sandbox, database, replicas.http, misfortunes, ahead)
        stream = Stream(replicas.http, sandbox, key_of(_RELAYING))
        yield ReplicaRun(plan, sandbox, run, stream, misfortunes)


def _misfortunes(
    plan: ReplicaPlan,
    replicas: Replicas,
    redis: RedisToLose,
    postgres: OwnPostgres,
    sandbox: RunningSandbox,
) -> Misfortunes:
    make = partial(Misfortunes, pace=plan.pace, clock=sandbox.world.clock, seed=plan.jobs.seed)
    return make(replicas, redis, postgres)


def _configuration(
    plan: ReplicaPlan, jobs: Plan, sandbox: RunningSandbox, redis: RedisToLose
) -> dict[str, Any]:
    config = configuration(jobs, sandbox)
    config["redis"] = {"url": redis.url}
    config["clients"].append(
        {
            "id": _RELAYING,
            "key": key_of(_RELAYING),
            "accounts": ["a0"],
            "scopes": ["relay:read"],
            "rate_limit": f"{plan.calls_a_minute}/minute",
        }
    )
    return config


def _impatient(url: str) -> httpx.AsyncClient:
    # Each request its own connection, so that the balancer's next replica has a turn.
    once = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=url, limits=once, timeout=_CALLER_TIMEOUT_S, trust_env=False)
