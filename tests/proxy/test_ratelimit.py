import asyncio
from typing import Any

import pytest

from accounts.clients import Client
from cache.counters import MemoryCounters
from cache.windows import MemoryWindows
from core.metrics import Metrics
from proxy.quota import QuotaLedger
from proxy.ratelimit import Limiter, RateLimited, TooManyConcurrent
from proxy.rulebook import Rulebook
from tests.gateway import CLIENTS, MAIN, PERSONAL, limit_stats
from tests.proxy.conftest import Time

MENU, SUBMIT = "/cgi-bin/menu/get", "/cgi-bin/freepublish/submit"
BLOG = CLIENTS[0]


def limiter(time: Time, limits: dict[str, str] | None = None) -> Limiter:
    ledger = QuotaLedger(MemoryCounters(), clock=time)
    return Limiter(
        MemoryWindows(monotonic=time),
        Rulebook(limits or {}, ledger),
        ledger,
        Metrics(),
        limit_stats(),
    )


def changed(model: Any, **fields: object) -> Any:
    return model.model_copy(update=fields)


async def test_the_refusal_names_the_rule_and_when_to_come_back(time: Time) -> None:
    limits = limiter(time, {"/cgi-bin/menu/*": "2/minute"})
    for left in (b"1", b"0"):
        with await limits.admit(BLOG, MAIN, MENU) as admission:
            told = dict(admission.headers())
        assert (told[b"ratelimit-limit"], told[b"ratelimit-remaining"]) == (b"2", left)
        assert (told[b"ratelimit-reset"], told[b"ratelimit-policy"]) == (b"60", b"2;w=60")
    time.now += 20.5
    with pytest.raises(RateLimited) as refused:
        await limits.admit(BLOG, MAIN, MENU)
    assert "client blog: /cgi-bin/menu/* = 2/minute" in str(refused.value)
    assert refused.value.retry_after_s == 40
    assert (b"ratelimit-remaining", b"0") in refused.value.headers
    time.now += refused.value.retry_after_s
    with await limits.admit(BLOG, MAIN, MENU):
        pass


async def test_only_so_many_at_the_same_time_for_a_client_and_for_an_account(time: Time) -> None:
    limits = limiter(time)
    client, account = changed(BLOG, max_concurrent=2), changed(MAIN, max_concurrent=3)
    first = await limits.admit(client, account, MENU)
    second = await limits.admit(client, account, MENU)
    with pytest.raises(TooManyConcurrent, match="client blog may have 2"):
        await limits.admit(client, account, MENU)
    with await limits.admit(CLIENTS[2], account, MENU):
        with pytest.raises(TooManyConcurrent, match="account main may have 3"):
            await limits.admit(CLIENTS[2], account, MENU)
        with await limits.admit(CLIENTS[2], PERSONAL, MENU):
            pass
    with first, second:
        pass
    with await limits.admit(client, account, MENU):
        pass


async def test_a_call_that_fails_or_is_refused_is_under_way_no_more(time: Time) -> None:
    client = changed(BLOG, max_concurrent=1, rate_limit="2/minute")
    limits = limiter(time)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), await limits.admit(client, MAIN, MENU):
            raise ValueError("broken")
    for _ in range(3):
        with pytest.raises(RateLimited):
            await limits.admit(client, MAIN, MENU)


async def test_a_caller_that_hangs_up_while_redis_is_asked_is_under_way_no_more(
    time: Time,
) -> None:
    class Slow(MemoryWindows):
        async def hit(self, rules: Any) -> Any:
            await asyncio.sleep(3_600)

    ledger = QuotaLedger(MemoryCounters(), clock=time)
    limits = Limiter(Slow(), Rulebook({}, ledger), ledger, Metrics(), limit_stats())
    asking = asyncio.get_running_loop().create_task(limits.admit(BLOG, MAIN, MENU))
    await asyncio.sleep(0)
    assert (await limits.describe([BLOG], []))["concurrent"][0]["active"] == 1
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await limits.describe([BLOG], []))["concurrent"][0]["active"] == 0


async def test_one_clients_calls_leave_anothers_alone(time: Time) -> None:
    limits = limiter(time, {"/cgi-bin/*": "1/minute"})
    for client in CLIENTS:
        with await limits.admit(client, MAIN, MENU):
            pass


async def test_all_is_described_and_built_in_rules_as_far_as_they_are_used(time: Time) -> None:
    ledger = QuotaLedger(MemoryCounters(), clock=time)
    book = Rulebook({"/cgi-bin/menu/*": "1/minute"}, ledger)
    limits = Limiter(MemoryWindows(monotonic=time), book, ledger, Metrics(), limit_stats())
    blog: Client = changed(BLOG, rate_limit="600/minute; 50/second")
    for path in (MENU, SUBMIT):
        with await limits.admit(blog, MAIN, path):
            pass
    with pytest.raises(RateLimited):
        await limits.admit(blog, MAIN, MENU)
    ledger.count(MAIN, SUBMIT, 0, book.builtin(blog, MAIN, SUBMIT))
    told = await limits.describe([blog, CLIENTS[1]], [changed(MAIN, rate_limit="9/second")])
    shown = [(item["rule"], item["used"], item["throttled"]) for item in told["items"]]
    assert shown == [
        ("client blog: * = 600/minute; 50/second", 2, 0),
        ("client blog: * = 600/minute; 50/second", 2, 0),
        ("client blog: /cgi-bin/menu/* = 1/minute", 1, 1),
        ("client reader: * = 600/minute", 0, 0),
        ("client reader: /cgi-bin/menu/* = 1/minute", 0, 0),
        ("account main: * = 9/second", 0, 0),
        (f"builtin client blog on main: {SUBMIT} = 90/day", 1, 0),
    ]
    assert [line["who"] for line in told["concurrent"]] == [
        *("client blog", "client reader", "account main"),
    ]
    assert (told["shared"], told["gateways"]) == (False, 1)


async def test_cleared_limits_are_counted_from_the_start_and_statistics_go_on(time: Time) -> None:
    ledger, stats = QuotaLedger(MemoryCounters(), clock=time), limit_stats()
    book = Rulebook({MENU: "1/minute"}, ledger)
    limits = Limiter(MemoryWindows(monotonic=time), book, ledger, Metrics(), stats)
    for cleared in (False, True):
        with await limits.admit(BLOG, MAIN, MENU):
            pass
        with pytest.raises(RateLimited):
            await limits.admit(BLOG, MAIN, MENU)
        if not cleared:
            await limits.clear([BLOG], MAIN)
    await limits.clear([CLIENTS[1]], PERSONAL)  # other clients, another account
    with pytest.raises(RateLimited):
        await limits.admit(BLOG, MAIN, MENU)
    counts = stats.snapshot()[MAIN.app_id]
    assert (counts["hits"], counts["misses"]) == (2, 3)


async def test_cleared_limits_begin_the_built_in_day_anew_for_these_clients_alone(
    time: Time,
) -> None:
    ledger = QuotaLedger(MemoryCounters(), clock=time)
    book = Rulebook({}, ledger)
    limits = Limiter(MemoryWindows(monotonic=time), book, ledger, Metrics(), limit_stats())
    for client in (BLOG, CLIENTS[2]):
        ledger.count(MAIN, SUBMIT, 0, book.builtin(client, MAIN, SUBMIT))
    await limits.clear([BLOG], MAIN)
    items = (await limits.describe(CLIENTS, [MAIN]))["items"]
    shown = [(item["who"], item["used"]) for item in items if item["builtin"]]
    assert shown == [("client both on main", 1)]
    assert ledger.remaining(MAIN, SUBMIT) == 98


async def test_a_built_in_refusal_of_an_admitted_call_is_counted_as_its_rules(time: Time) -> None:
    ledger = QuotaLedger(MemoryCounters(), clock=time)
    book = Rulebook({}, ledger)
    limits = Limiter(MemoryWindows(monotonic=time), book, ledger, Metrics(), limit_stats())
    builtin = book.builtin(BLOG, MAIN, SUBMIT)
    for _ in range(90):
        ledger.count(MAIN, SUBMIT, 0, builtin)
    with pytest.raises(RateLimited), await limits.admit(BLOG, MAIN, SUBMIT):
        ledger.check(MAIN, SUBMIT, builtin)
    (item,) = [item for item in (await limits.describe([BLOG], [MAIN]))["items"] if item["builtin"]]
    assert (item["rule"], item["used"], item["remaining"], item["throttled"]) == (
        *(f"builtin client blog on main: {SUBMIT} = 90/day", 90, 0, 1),
    )
