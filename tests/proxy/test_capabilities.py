import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from accounts.official import Accounts, OfficialAccount
from cache.counters import MemoryCounters
from proxy.capabilities import Capabilities, Kept, Prober
from proxy.quota import QuotaLedger
from sandbox.server import RunningSandbox
from server.following import in_background
from store import capabilities as rows
from store.capabilities import CapabilityRow
from store.engine import Database
from tests.gateway import MAIN, PERSONAL, Gateway
from tests.proxy.conftest import Time
from wechat.call import NotSent, Upload
from wechat.draft import ADD
from wechat.freepublish import BATCHGET

DAY_S = 86_400.0


class Away:
    """A Call that never gets through."""

    async def post(
        self, account: str, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        del account, path, body, query
        raise NotSent(reason="refused")

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        return await self.post(account, path, {}, query=query)

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        del upload
        return await self.post(account, path, {}, query=query)


def prober(database: Database, gateway: Gateway, time: Time) -> tuple[Prober, Capabilities]:
    """One process' part."""
    known = Capabilities()
    accounts = Accounts((MAIN, PERSONAL))
    return Prober(database, gateway.calls, accounts, known, clock=time), known


def probes(sandbox: RunningSandbox) -> int:
    by_account = sandbox.calls.by_account()
    return sum(by_account.get(BATCHGET, {}).values())


async def test_what_was_found_out_is_kept_for_every_process(
    database: Database, gateway: Gateway, time: Time
) -> None:
    asking, _ = prober(database, gateway, time)
    _, other = prober(database, gateway, time)
    may = {name: await asking.probe(name) for name in ("main", "personal")}
    publishes = [kept.facts.freepublish for kept in may.values() if kept.facts]
    assert publishes == [True, False]
    assert other.get(MAIN.app_id) is None
    await other.load(database)
    assert (other.get(MAIN.app_id), other.get(PERSONAL.app_id)) == tuple(may.values())


async def test_what_wechat_grants_ranks_before_the_usual_figure_and_after_the_operators(
    database: Database, gateway: Gateway, time: Time
) -> None:
    asking, known = prober(database, gateway, time)
    quota = QuotaLedger(MemoryCounters(), probed=known.quota)
    assert quota.quota_of(MAIN, ADD) == 1_000
    kept = await asking.probe("main")
    assert kept.facts is not None
    figure = kept.facts.quotas[ADD].model_copy(update={"daily_limit": 77})
    known.set(
        MAIN.app_id,
        kept.model_copy(update={"facts": kept.facts.model_copy(update={"quotas": {ADD: figure}})}),
    )
    assert quota.quota_of(MAIN, ADD) == 77
    assert quota.quota_of(PERSONAL, ADD) == 1_000
    assert quota.quota_of(MAIN.model_copy(update={"quotas": {ADD: 5}}), ADD) == 5


async def test_each_account_is_asked_about_once_a_day_one_at_a_time(
    database: Database, gateway: Gateway, sandbox: RunningSandbox, time: Time
) -> None:
    asking, _ = prober(database, gateway, time)
    for expected in ("main", "personal", None):
        assert await asking.probe_next() == expected
    time.now += DAY_S - 1
    assert await asking.probe_next() is None
    time.now += 1
    assert await asking.probe_next() == "main"
    assert probes(sandbox) == 3


async def test_of_several_processes_one_asks(
    database: Database, gateway: Gateway, sandbox: RunningSandbox, time: Time
) -> None:
    processes = [prober(database, gateway, time) for _ in range(4)]
    # Each takes the next account where another was quicker: two accounts, two probes.
    await asyncio.gather(*(asking.probe_next() for asking, _ in processes))
    assert probes(sandbox) == 2


async def test_failures_are_kept_with_the_facts_and_tried_again_later_and_later(
    database: Database, gateway: Gateway, time: Time
) -> None:
    asking, known = prober(database, gateway, time)
    found = await asking.probe("main")
    failing = Prober(database, Away(), Accounts([MAIN]), known, clock=time)
    time.now += DAY_S
    waits = []
    for _ in range(3):
        failed_at = time.now
        with pytest.raises(NotSent):
            await failing.probe_next()
        kept = known.get(MAIN.app_id)
        assert kept is not None
        assert (kept.facts, kept.checked_at) == (found.facts, found.checked_at)
        assert kept.error == "upstream_unreachable"
        waits.append(kept.due_at() - failed_at)
        assert await failing.probe_next() is None
        time.now = kept.due_at()
    assert waits == [600, 1_200, 2_400]
    assert Kept(tried_at=0, failures=50).due_at() == DAY_S
    again = await asking.probe("main")
    assert (again.failures, again.error, again.checked_at) == (0, "", time.now)


async def test_an_attempt_that_died_counts_as_a_failure(
    database: Database, gateway: Gateway, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, _ = prober(database, gateway, time)
    monkeypatch.setattr(asking, "_ask", None)
    with pytest.raises(TypeError):
        await asking.probe_next()
    again, known = prober(database, gateway, time)
    await known.load(database)
    kept = known.get(MAIN.app_id)
    assert kept is not None
    assert (kept.failures, kept.due_at()) == (1, time.now + 600)
    assert await again.probe_next() == "personal"


async def test_what_another_version_wrote_is_passed_over(
    database: Database, gateway: Gateway, time: Time
) -> None:
    del gateway
    async with database.write() as connection:
        await rows.put(connection, CapabilityRow(MAIN.app_id, {"failures": "many"}, time.now))
        await rows.put(connection, CapabilityRow(PERSONAL.app_id, {}, time.now))
    known = Capabilities()
    await known.load(database)
    assert known.get(MAIN.app_id) is None
    assert known.get(PERSONAL.app_id) == Kept(tried_at=time.now)


async def test_left_alone_it_asks_about_all_accounts_whatever_fails(
    database: Database,
    gateway: Gateway,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_FIRST_S", "_PAUSE_S"):
        monkeypatch.setattr(f"proxy.capabilities.{name}", 0.001)
    known = Capabilities()
    strange = OfficialAccount(name="strange", app_id="wx" + "f" * 16, app_secret=SecretStr("x"))
    accounts = Accounts((strange, PERSONAL))  # of the first, the gateway's calls know nothing
    both = Prober(database, gateway.calls, accounts, known, clock=time)
    async with asyncio.timeout(30), in_background(both.run(), name="probe"):
        while (kept := known.get(PERSONAL.app_id)) is None or kept.checked_at is None:
            await asyncio.sleep(0.01)
    failed = known.get(strange.app_id)
    assert failed is not None
    assert (failed.error, failed.facts) == ("account_unknown", None)
