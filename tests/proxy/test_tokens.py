import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from accounts.official import OfficialAccount
from cache.counters import MemoryCounters
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore, TokenStore
from core.clock import Clocks, shanghai_day
from core.errors import GatewayError
from core.metrics import Metrics
from core.tasks import TaskSet
from notify.happening import Happening
from proxy.alarms import Alarms
from proxy.deadline import Deadline, DeadlineExceeded
from proxy.stable_token import AccountMisconfigured, FetchedToken, TokenUnavailable
from proxy.tokens import TokenBooks, TokenConflict, TokenService, TokenSettings
from tests.gateway import MAIN, PERSONAL
from tests.proxy.conftest import Time
from wechat.call import WeChatRefused


class Source:
    """WeChat's token call: the same token until it is forced or `rotate`d."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.number = 1
        self.expires_at = time.now + 7_200
        self.asked: list[tuple[str, bool]] = []
        self.failure: GatewayError | None = None
        self.fails_forced_alone = False
        self.gate: asyncio.Event | None = None

    async def fetch(self, account: OfficialAccount, *, force: bool) -> FetchedToken:
        self.asked.append((account.name, force))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None and (force or not self.fails_forced_alone):
            raise self.failure
        if force:
            self.rotate()
        return FetchedToken(f"92_{account.name}_{self.number}", self.expires_at - self.time.now)

    def rotate(self) -> None:
        self.number += 1
        self.expires_at = self.time.now + 7_200


@pytest.fixture
def source(time: Time) -> Source:
    return Source(time)


class CountingStore(MemoryTokenStore):
    """Says how often the store was asked."""

    reads = 0

    async def get(self, app_id: str) -> AccessToken | None:
        self.reads += 1
        return await super().get(app_id)


@pytest.fixture
def store(time: Time) -> CountingStore:
    return CountingStore(CacheStatistics(Metrics()).register, clock=time, monotonic=time.monotonic)


Make = Callable[[], TokenService]


@pytest.fixture
def counters() -> MemoryCounters:
    return MemoryCounters()


@pytest.fixture
def told() -> list[Happening]:
    """What people are told of."""
    return []


@pytest.fixture
async def replica(
    store: TokenStore,
    source: Source,
    counters: MemoryCounters,
    time: Time,
    told: list[Happening],
) -> AsyncIterator[Make]:
    """Makes services that share a store, as replicas do."""
    tasks = TaskSet()

    def make() -> TokenService:
        stats = CacheStatistics(Metrics()).register("token", "process")
        books = TokenBooks(counters, stats, Metrics(), Alarms(told.append))
        return TokenService(
            store,
            source,
            TokenSettings(),
            books=books,
            tasks=tasks,
            clocks=Clocks(time, time.monotonic),
        )

    yield make
    await tasks.aclose()


@pytest.fixture
def service(replica: Make) -> TokenService:
    return replica()


def refusal(errcode: int) -> AccountMisconfigured:
    refused = WeChatRefused(errcode=errcode, errmsg="no", path="/cgi-bin/stable_token")
    return AccountMisconfigured("main", refused)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_thousand_cold_callers_cost_one_fetch(
    service: TokenService, source: Source
) -> None:
    tokens = await asyncio.gather(*(service.get(MAIN) for _ in range(1_000)))
    assert source.asked == [("main", False)]
    assert {token.value for token in tokens} == {"92_main_1"}


async def test_replicas_that_are_cold_together_fetch_once(replica: Make, source: Source) -> None:
    source.gate = asyncio.Event()
    replicas = [replica() for _ in range(4)]
    waiting = asyncio.gather(*(one.get(MAIN) for one in replicas for _ in range(50)))
    await asyncio.sleep(0.05)
    source.gate.set()
    assert {token.value for token in await waiting} == {"92_main_1"}
    assert source.asked == [("main", False)]


async def test_a_replica_that_waits_in_vain_says_so(
    replica: Make, source: Source, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.tokens._POLLS", 3)
    assert await store.acquire(MAIN.app_id, ttl_s=60, above=0) is not None  # and never fetches
    with pytest.raises(TokenUnavailable):
        await replica().get(MAIN)
    assert source.asked == []


async def test_who_waits_long_outlasts_the_lease_and_asks_a_few_hundred_times(
    replica: Make,
    source: Source,
    store: CountingStore,
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def pass_time(seconds: float) -> None:
        time.now += seconds

    monkeypatch.setattr("proxy.tokens.asyncio.sleep", pass_time)
    assert await store.acquire(MAIN.app_id, ttl_s=18, above=0) is not None  # then it was killed
    assert (await replica().get(MAIN)).value == "92_main_1"
    assert store.reads < 300


async def test_accounts_do_not_wait_for_each_other(service: TokenService, source: Source) -> None:
    held = source.gate = asyncio.Event()
    cold = asyncio.ensure_future(service.get(MAIN))
    await settle()
    source.gate = None
    assert (await service.get(PERSONAL)).value == "92_personal_1"
    held.set()
    await cold


async def test_a_caller_that_leaves_does_not_stop_the_fetch(
    service: TokenService, source: Source
) -> None:
    source.gate = asyncio.Event()
    leaver, stayer = (asyncio.ensure_future(service.get(MAIN)) for _ in range(2))
    await settle()
    leaver.cancel()
    await settle()
    source.gate.set()
    assert (await stayer).value == "92_main_1"
    assert len(source.asked) == 1


async def test_a_warm_token_asks_the_store_once_in_thirty_seconds(
    service: TokenService, store: CountingStore, time: Time
) -> None:
    await service.get(MAIN)
    reads = store.reads
    for _ in range(100):
        await service.get(MAIN)
    assert store.reads == reads
    time.now += 30
    await service.get(MAIN)
    assert store.reads == reads + 1


async def test_the_last_five_minutes_refresh_ahead_while_callers_go_on(
    service: TokenService, source: Source, time: Time
) -> None:
    await service.get(MAIN)
    time.now += 6_901
    await service.get(MAIN)  # the copy is older than 30 s: looked up anew
    source.rotate()
    source.gate = asyncio.Event()
    for _ in range(50):
        assert (await service.get(MAIN)).value == "92_main_1"
    await settle()
    assert len(source.asked) == 2
    source.gate.set()
    await settle()
    assert (await service.get(MAIN)).value == "92_main_2"
    assert len(source.asked) == 2


async def test_a_token_that_wechat_has_not_renewed_yet_is_not_asked_for_all_the_time(
    service: TokenService, source: Source, time: Time
) -> None:
    await service.get(MAIN)
    time.now += 6_950
    await service.get(MAIN)
    for _ in range(50):
        await service.get(MAIN)
        await settle()
    assert len(source.asked) == 2
    time.now += 11
    await service.get(MAIN)
    await settle()
    assert len(source.asked) == 3


async def test_an_expired_token_is_never_handed_out(
    service: TokenService, source: Source, time: Time
) -> None:
    await service.get(MAIN)
    source.rotate()
    time.now += 7_200
    source.expires_at += 7_200
    assert (await service.get(MAIN)).value == "92_main_2"


async def test_a_clock_that_jumps_back_does_not_freeze_the_copy(
    service: TokenService, store: CountingStore, time: Time
) -> None:
    await service.get(MAIN)
    reads = store.reads
    time.now -= 3_600
    await service.get(MAIN)
    assert store.reads == reads + 1


async def test_200_calls_that_fail_with_one_token_renew_it_once(
    service: TokenService, source: Source
) -> None:
    failing = await service.get(MAIN)
    source.rotate()  # another system forced a refresh
    renewed = await asyncio.gather(*(service.renew(MAIN, failing) for _ in range(200)))
    assert {token.value for token in renewed} == {"92_main_2"}
    assert source.asked == [("main", False)] * 2
    late = await service.renew(MAIN, failing)
    assert late.value == "92_main_2"
    assert len(source.asked) == 2


async def test_a_renewal_by_another_replica_is_taken_over(replica: Make, source: Source) -> None:
    one, two = replica(), replica()
    failing = await one.get(MAIN)
    assert (await two.get(MAIN)).value == failing.value
    source.rotate()
    await one.renew(MAIN, failing)
    assert (await two.renew(MAIN, failing)).value == "92_main_2"
    assert len(source.asked) == 2


async def test_force_is_used_only_where_wechat_repeats_the_failing_token(
    service: TokenService, source: Source
) -> None:
    failing = await service.get(MAIN)
    renewed = await service.renew(MAIN, failing)
    assert renewed.value == "92_main_2"
    assert source.asked == [("main", False), ("main", False), ("main", True)]


async def test_a_storm_of_refusals_costs_one_renewal_in_thirty_seconds(
    replica: Make, source: Source, time: Time
) -> None:
    replicas = [replica(), replica()]
    token = await replicas[0].get(MAIN)
    waits = []
    for second in range(300):
        time.now += 1
        service = replicas[second % 2]
        try:
            token = await service.renew(MAIN, token)
        except TokenConflict as conflict:
            waits.append(conflict.retry_after_s or 0)
    assert len([1 for _, force in source.asked if force]) == 10
    assert len(waits) == 290
    assert all(1 <= wait_s <= 30 for wait_s in waits)


async def test_people_are_told_that_somebody_else_forces_tokens(
    service: TokenService, source: Source, time: Time, told: list[Happening]
) -> None:
    token = await service.renew(MAIN, await service.get(MAIN))
    assert {one.event for one in told} == {"account.ip_refused"}  # which is over, if it ever was
    assert all(one.over for one in told)
    time.now += 1
    with pytest.raises(TokenConflict):
        await service.renew(MAIN, token)
    assert [(one.event, one.key) for one in told if not one.over] == [("token.conflict", "main")]


async def test_twenty_forced_refreshes_a_day_are_the_end(
    service: TokenService, source: Source, counters: MemoryCounters, time: Time
) -> None:
    token = await service.get(MAIN)
    for _ in range(20):
        time.now += 31
        token = await service.renew(MAIN, token)
    counters.clear(MAIN.app_id, shanghai_day(time.now))  # as a clear_quota does
    time.now += 31
    with pytest.raises(TokenConflict):
        await service.renew(MAIN, token)
    assert len([1 for _, force in source.asked if force]) == 20
    time.now += 86_400
    source.expires_at = time.now + 7_200
    assert (await service.renew(MAIN, token)).value != token.value


async def test_a_refusal_reaches_every_caller_and_is_remembered_shortly(
    service: TokenService, source: Source, time: Time
) -> None:
    source.failure = refusal(40125)
    results = await asyncio.gather(*(service.get(MAIN) for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, AccountMisconfigured) for result in results)
    with pytest.raises(AccountMisconfigured):
        await service.get(MAIN)
    assert len(source.asked) == 1
    source.failure = None
    time.now += 3.1
    assert (await service.get(MAIN)).value == "92_main_1"


@pytest.mark.parametrize(
    "failure", [TokenUnavailable(reason="WeChat is busy (-1)"), refusal(40125)]
)
async def test_a_forced_refresh_that_failed_is_not_tried_again_for_thirty_seconds(
    service: TokenService, source: Source, time: Time, failure: GatewayError
) -> None:
    failing = await service.get(MAIN)
    source.failure, source.fails_forced_alone = failure, True
    for _ in range(60):
        for _ in range(5):
            with pytest.raises(type(failure)):
                await service.renew(MAIN, failing)
            with pytest.raises(type(failure)):
                await service.get(MAIN)  # and so the call is spared
        time.now += 1
    assert len([1 for _, force in source.asked if force]) == 2
    source.failure = None
    assert (await service.renew(MAIN, failing)).value != failing.value
    assert (await service.get(MAIN)).value != failing.value


async def test_replicas_share_the_gap_after_a_forced_refresh_that_failed(
    replica: Make, source: Source, time: Time
) -> None:
    first, second = replica(), replica()
    token = await first.get(MAIN)
    source.failure, source.fails_forced_alone = TokenUnavailable(reason="x"), True
    with pytest.raises(TokenUnavailable):
        await first.renew(MAIN, token)
    source.failure = None
    time.now += 10
    with pytest.raises(TokenConflict) as caught:
        await second.renew(MAIN, token)
    assert caught.value.retry_after_s == 20
    assert [force for _, force in source.asked].count(True) == 1
    time.now += 20
    assert (await second.renew(MAIN, token)).value != token.value


async def test_nobody_waits_for_a_token_beyond_his_deadline(
    service: TokenService, source: Source
) -> None:
    source.gate = asyncio.Event()
    with pytest.raises(DeadlineExceeded):
        await service.get(MAIN, Deadline(0.01))
    source.gate.set()
    assert (await service.get(MAIN, Deadline(5))).value == "92_main_1"
    assert source.asked == [("main", False)]


async def test_what_another_replica_brings_ends_the_wait(
    replica: Make, source: Source, store: CountingStore
) -> None:
    here = replica()
    failing = await here.get(MAIN)
    source.failure, source.fails_forced_alone = refusal(40125), True
    with pytest.raises(AccountMisconfigured):
        await here.renew(MAIN, failing)
    source.rotate()
    there = await replica().renew(MAIN, failing)
    assert (await here.get(MAIN)).value == there.value == "92_main_2"


async def test_a_conflict_keeps_no_other_call_from_trying(
    service: TokenService, source: Source
) -> None:
    token = await service.renew(MAIN, await service.get(MAIN))
    with pytest.raises(TokenConflict):
        await service.renew(MAIN, token)
    assert await service.get(MAIN) == token


async def test_a_spent_share_of_forced_refreshes_asks_in_vain_once_in_thirty_seconds(
    service: TokenService, source: Source, time: Time
) -> None:
    token = await service.get(MAIN)
    for _ in range(20):
        time.now += 31
        token = await service.renew(MAIN, token)
    time.now += 31
    asked = len(source.asked)
    for _ in range(10):
        with pytest.raises(TokenConflict) as caught:
            await service.renew(MAIN, token)
        assert caught.value.retry_after_s == 30
    assert len(source.asked) == asked + 1
    source.rotate()  # WeChat has another by itself
    time.now += 30
    assert (await service.renew(MAIN, token)).value != token.value
    assert len([1 for _, force in source.asked if force]) == 20


async def test_a_clock_set_back_neither_blocks_an_account_nor_forces_more(
    service: TokenService, source: Source, time: Time
) -> None:
    token = await service.renew(MAIN, await service.get(MAIN))
    time.set_back(3_600)
    with pytest.raises(TokenConflict) as caught:
        await service.renew(MAIN, token)
    assert (caught.value.retry_after_s or 0) <= 30
    assert len([1 for _, force in source.asked if force]) == 1
    time.now += 30
    assert (await service.renew(MAIN, token)).value != token.value
    source.failure = refusal(40125)
    with pytest.raises(AccountMisconfigured):
        await service.get(PERSONAL)
    time.set_back(3_600)
    time.now += 3
    source.failure = None
    assert (await service.get(PERSONAL)).value.startswith("92_personal")


async def test_a_refresh_ahead_that_is_refused_leaves_a_good_token_in_use(
    service: TokenService, source: Source, time: Time
) -> None:
    token = await service.get(MAIN)
    time.now += 6_950
    source.failure = refusal(40164)
    for _ in range(3):
        assert (await service.get(MAIN)).value == token.value
        await settle()
    assert len(source.asked) == 2


async def test_one_accounts_refusal_leaves_the_others_alone(
    service: TokenService, source: Source
) -> None:
    source.failure = refusal(40164)
    with pytest.raises(AccountMisconfigured):
        await service.get(MAIN)
    source.failure = None
    assert (await service.get(PERSONAL)).value == "92_personal_1"


async def test_a_failed_refresh_ahead_does_not_hurt_callers(
    service: TokenService, source: Source, time: Time
) -> None:
    await service.get(MAIN)
    time.now += 6_950
    await service.get(MAIN)
    source.failure = TokenUnavailable(reason="down")
    await service.get(MAIN)
    await settle()
    assert (await service.get(MAIN)).value == "92_main_1"


async def test_a_fetch_that_slept_past_its_lease_yields_to_the_newer_token(
    replica: Make, source: Source, time: Time, store: CountingStore
) -> None:
    sleeper, other = replica(), replica()
    held = source.gate = asyncio.Event()
    asleep = asyncio.ensure_future(sleeper.get(MAIN))
    await settle()
    source.gate = None
    time.now += 11  # the lease is over
    source.rotate()
    newer = await other.get(MAIN)
    source.number -= 1  # what the sleeper gets is older
    held.set()
    assert (await asleep).value == newer.value == "92_main_2"
    kept = await store.get(MAIN.app_id)
    assert kept is not None
    assert kept.value == "92_main_2"


async def test_the_statistics_tell_ages_and_causes_and_no_token(
    service: TokenService, source: Source, time: Time
) -> None:
    failing = await service.get(MAIN)
    time.now += 60
    described = service.describe([MAIN, PERSONAL])
    assert described["main"] == {"age_s": 60, "seconds_left": 7_140, "refreshes": {"cold": 1}}
    assert described["personal"]["age_s"] is None
    source.rotate()
    await service.renew(MAIN, failing)
    source.failure = TokenUnavailable(reason="down")
    with pytest.raises(TokenUnavailable):
        await service.get(PERSONAL)
    described = service.describe([MAIN, PERSONAL])
    assert described["main"]["refreshes"] == {"cold": 1, "invalid": 1}
    assert described["personal"]["refreshes"] == {"cold_failed": 1}
    assert "92_" not in str(described)


async def test_a_forgotten_token_is_used_by_no_replica_and_asked_for_once(
    replica: Make, source: Source, time: Time
) -> None:
    first, second = replica(), replica()
    await first.get(MAIN)
    await second.get(MAIN)
    time.now += 10
    source.rotate()
    for service in (first, second):  # each follows the store for itself
        service.forget(MAIN.app_id, before=time.now)
    assert (await first.get(MAIN)).value == (await second.get(MAIN)).value == "92_main_2"
    assert len(source.asked) == 2


async def test_forgetting_the_same_again_or_from_a_clock_ahead_asks_once_more_at_most(
    service: TokenService, source: Source, time: Time
) -> None:
    await service.get(MAIN)
    for _ in range(3):
        service.forget(MAIN.app_id, before=time.now)
    await service.get(MAIN)
    assert len(source.asked) == 1
    service.forget(MAIN.app_id, before=time.now + 3_600)
    time.now += 1
    service.forget(MAIN.app_id, before=time.now + 3_600)
    for _ in range(3):
        await service.get(MAIN)
    assert len(source.asked) == 2


async def test_a_new_secret_is_tried_at_once_after_a_refusal(
    service: TokenService, source: Source, time: Time
) -> None:
    source.failure = refusal(40125)
    with pytest.raises(AccountMisconfigured):
        await service.get(MAIN)
    source.failure = None
    with pytest.raises(AccountMisconfigured):
        await service.get(MAIN)
    service.forget(MAIN.app_id, before=time.now)
    assert await service.get(MAIN)
