"""WeChat refuses token after token: each account asks for few, and the others do not notice."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from accounts.official import OfficialAccount
from cache.counters import MemoryCounters
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore
from core.clock import SHANGHAI, Clocks
from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.stable_token import FetchedToken
from proxy.storm import Storms
from proxy.tokens import TokenBooks, TokenConflict, TokenService, TokenSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.faults.upstreams import COUNT, STABLE, code_of, front
from tests.gateway import MAIN
from tests.proxy.conftest import Time

ACCOUNTS = [
    OfficialAccount(name=f"a{n}", app_id=f"wx{n:016d}", app_secret=SecretStr("x"))
    for n in range(10)
]
CLIENTS = 1_000


class Source:
    """WeChat's token call; normal mode repeats the token until one is forced or it ends."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._made: dict[str, tuple[int, float]] = {}
        self.forced: dict[str, list[float]] = {}
        self.normal = 0

    async def fetch(self, account: OfficialAccount, *, force: bool) -> FetchedToken:
        number, ends = self._made.get(account.app_id, (0, 0.0))
        if force:
            self.forced.setdefault(account.name, []).append(self._time.now)
        self.normal += not force
        if force or self._time.now >= ends:
            number, ends = number + 1, self._time.now + 7_200
            self._made[account.app_id] = number, ends
        return FetchedToken(f"{account.name}-{number}", ends - self._time.now)


class Process:
    """What one process of the gateway has: its tokens, and its guard against storms."""

    def __init__(self, tokens: TokenService, time: Time) -> None:
        self._tokens = tokens
        self._storms = Storms(monotonic=time.monotonic)
        self.sent = 0

    async def call(self, account: OfficialAccount) -> None:
        """A call whose token WeChat refuses, whatever it is."""
        ticket = self._storms.enter(account)
        try:
            failing: AccessToken = await self._tokens.get(account)
            self.sent += 1
            await self._tokens.renew(account, failing)
            self.sent += 1
        finally:
            self._storms.leave(account, ticket, refused=True)


@pytest.fixture
async def processes(time: Time) -> AsyncIterator[Callable[[Source], list[Process]]]:
    tasks, counters = TaskSet(), MemoryCounters()

    def make(source: Source) -> list[Process]:
        register = CacheStatistics(Metrics()).register
        store = MemoryTokenStore(register, clock=time, monotonic=time.monotonic)
        books = TokenBooks(counters, register("token", "process"), Metrics())
        clocks = Clocks(time, time.monotonic)
        return [
            Process(
                TokenService(
                    store, source, TokenSettings(), books=books, tasks=tasks, clocks=clocks
                ),
                time,
            )
            for _ in range(2)
        ]

    yield make
    await tasks.aclose()


async def test_085_a_day_of_storms_costs_each_account_twenty_forced_refreshes(
    time: Time, processes: Callable[[Source], list[Process]]
) -> None:
    source = Source(time)
    both = processes(source)
    time.now = datetime(2026, 11, 22, tzinfo=SHANGHAI).timestamp()
    midnight = time.now + 86_400
    calls = 0
    while time.now < midnight + 3_600:
        batch = (both[n % 2].call(ACCOUNTS[n // 2 % len(ACCOUNTS)]) for n in range(CLIENTS))
        results = await asyncio.gather(*batch, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), TokenConflict}
        calls += CLIENTS
        # Thick in the first twenty minutes of a day, in which the share could be wasted.
        time.now += 15 if (time.now - midnight) % 86_400 < 1_200 else 600
    for account in ACCOUNTS:
        forced = source.forced[account.name]
        assert len([at for at in forced if at < midnight]) <= 20
        assert len([at for at in forced if at >= midnight]) <= 20
        assert len(forced) > 20  # a new day has a new share
        assert all(after - before >= 30 for before, after in itertools.pairwise(forced))
    assert sum(process.sent for process in both) < calls / 10


async def test_085_a_storm_ends_in_token_conflict_and_leaves_other_accounts_alone(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        assert (await gate.ask(COUNT, account="personal")).json() == {"total_count": 0}
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="errcode", errcode=40001, path=COUNT, count=10**6))
        answers = await asyncio.gather(*(gate.ask(COUNT) for _ in range(200)))
        answers += [await gate.ask(COUNT) for _ in range(100)]
        last = answers[-1]
        assert (last.status_code, code_of(last)) == (503, "token_conflict")
        assert 1 <= int(last.headers["retry-after"]) <= 30
        assert "AppSecret" in last.json()["error"]["hint"]
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert sandbox.calls.count(STABLE) <= 4  # two cold, and a renewal in both modes
        happened = sandbox.faults.happened["errcode", COUNT]
        for _ in range(50):
            await gate.ask(COUNT)
        assert sandbox.faults.happened["errcode", COUNT] == happened
        sandbox.faults.clear()
        assert (await gate.ask(COUNT, account="personal")).json() == {"total_count": 0}


async def test_084_two_hundred_calls_in_flight_renew_a_dead_token_once(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(COUNT)
        sandbox.tokens.expire(MAIN.app_id, supersede=True)
        answers = await asyncio.gather(*(gate.ask(COUNT) for _ in range(200)))
        assert all(answer.json() == {"total_count": 0} for answer in answers)
        assert sandbox.calls.count(STABLE) == 2
        assert sandbox.calls.count(COUNT) <= 1 + 400


async def test_092_processes_that_reach_the_last_minutes_together_refresh_once(
    time: Time, processes: Callable[[Source], list[Process]]
) -> None:
    source = Source(time)
    both = processes(source)
    tokens = [process._tokens for process in both]
    await asyncio.gather(*(service.get(ACCOUNTS[0]) for service in tokens))
    time.now += 7_200 - 290
    source._made[ACCOUNTS[0].app_id] = (2, time.now + 7_200)
    for _ in range(2):  # the second finds that it is time
        old = await asyncio.gather(*(each.get(ACCOUNTS[0]) for each in tokens for _ in range(50)))
        assert {token.value for token in old} == {"a0-1"}  # nobody waited
    for _ in range(50):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert source.normal == 2
    assert {(await service.get(ACCOUNTS[0])).value for service in tokens} == {"a0-2"}


async def test_093_a_machine_that_slept_for_hours_does_not_use_its_old_token(
    time: Time, processes: Callable[[Source], list[Process]]
) -> None:
    source = Source(time)
    service = processes(source)[0]._tokens
    assert (await service.get(ACCOUNTS[0])).value == "a0-1"
    time.now += 3 * 3_600
    time._set_back_s -= 3 * 3_600  # the monotonic clock stands still in suspend
    assert (await service.get(ACCOUNTS[0])).value == "a0-2"
