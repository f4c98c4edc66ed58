from typing import Any

import pytest

from accounts.official import Accounts
from cache.counters import MemoryCounters
from core.clock import next_shanghai_midnight, shanghai_day
from notify.happening import Happening
from proxy.alarms import Alarms
from proxy.quota import CLEAR_PATH, QuotaLedger
from tests.gateway import MAIN, PERSONAL
from tests.proxy.conftest import Time
from wechat.call import MinuteQuotaClosed, QuotaClosed

SUBMIT, MENU = "/cgi-bin/freepublish/submit", "/cgi-bin/menu/get"
DELETE = "/cgi-bin/freepublish/delete"


@pytest.fixture
def ledger(time: Time) -> QuotaLedger:
    return QuotaLedger(MemoryCounters(), clock=time)


def test_every_call_that_arrived_counts_whatever_the_answer(ledger: QuotaLedger) -> None:
    for errcode in (0, 40007, -1):
        ledger.count(MAIN, SUBMIT, errcode)
    assert ledger.remaining(MAIN, SUBMIT) == 97
    assert ledger.remaining(PERSONAL, SUBMIT) == 100
    assert ledger.remaining(MAIN, MENU) is None


@pytest.mark.parametrize("path", [SUBMIT, MENU])
def test_wechats_45009_counts_until_midnight_in_shanghai(
    ledger: QuotaLedger, time: Time, path: str
) -> None:
    ledger.count(MAIN, path, 45009)
    assert ledger.remaining(MAIN, path) == 0
    time.now = next_shanghai_midnight(time.now) - 1
    assert ledger.remaining(MAIN, path) == 0
    time.now += 1
    assert ledger.remaining(MAIN, path) == (100 if path == SUBMIT else None)


def test_a_spent_path_is_tried_once_an_hour_and_opens_when_wechat_takes_the_call(
    ledger: QuotaLedger, time: Time
) -> None:
    time.now = next_shanghai_midnight(time.now) - 10 * 3_600
    ledger.count(MAIN, SUBMIT, 45009)
    for answer in (45009, -1):
        with pytest.raises(QuotaClosed):
            ledger.check(MAIN, SUBMIT)
        time.now += 3_600
        ledger.check(MAIN, SUBMIT)
        with pytest.raises(QuotaClosed):  # one call alone
            ledger.check(MAIN, SUBMIT)
        ledger.count(MAIN, SUBMIT, answer)
    ledger.count(MAIN, DELETE, 45009)
    time.now += 3_600
    ledger.check(MAIN, SUBMIT)
    ledger.count(MAIN, SUBMIT, 0)
    assert ledger.remaining(MAIN, SUBMIT) == 99
    for _ in range(2):
        ledger.check(MAIN, SUBMIT)
    assert ledger.remaining(MAIN, DELETE) == 0


def test_a_path_that_another_process_saw_spent_is_tried_an_hour_later(time: Time) -> None:
    time.now = next_shanghai_midnight(time.now) - 10 * 3_600
    counters = MemoryCounters()
    QuotaLedger(counters, clock=time).count(MAIN, SUBMIT, 45009)
    ledger = QuotaLedger(counters, clock=time)
    for _ in range(2):
        with pytest.raises(QuotaClosed):
            ledger.check(MAIN, SUBMIT)
        time.now += 1_800
    ledger.check(MAIN, SUBMIT)


def test_an_answer_to_a_call_from_before_opens_no_spent_path(ledger: QuotaLedger) -> None:
    ledger.count(MAIN, SUBMIT, 45009)
    ledger.count(MAIN, SUBMIT, 0)
    with pytest.raises(QuotaClosed):
        ledger.check(MAIN, SUBMIT)


def test_more_calls_than_the_quota_leave_none_and_not_less(ledger: QuotaLedger) -> None:
    for _ in range(120):
        ledger.count(MAIN, SUBMIT, 0)
    assert ledger.remaining(MAIN, SUBMIT) == 0


def test_clearing_the_quota_at_wechat_clears_it_here(ledger: QuotaLedger) -> None:
    ledger.count(MAIN, SUBMIT, 45009)
    ledger.count(MAIN, "/cgi-bin/clear_quota", 48006)
    assert ledger.remaining(MAIN, SUBMIT) == 0
    ledger.count(MAIN, "/cgi-bin/clear_quota", 0)
    assert ledger.remaining(MAIN, SUBMIT) == 100


def test_the_day_is_described_for_every_account(ledger: QuotaLedger) -> None:
    ledger.count(MAIN, SUBMIT, 0)
    described = ledger.describe(Accounts([MAIN, PERSONAL]))
    assert described["accounts"]["main"]["paths"][SUBMIT] == {
        "quota": 100,
        "used": 1,
        "remaining": 99,
        "closed_until": None,
    }
    assert described["accounts"]["personal"]["paths"][SUBMIT]["used"] == 0
    assert described["resets_at"].endswith("T16:00:00.000Z")


def test_a_spent_path_is_closed_for_its_account_until_midnight(
    ledger: QuotaLedger, time: Time
) -> None:
    ledger.check(MAIN, SUBMIT)
    ledger.count(MAIN, SUBMIT, 45009)
    with pytest.raises(QuotaClosed) as refused:
        ledger.check(MAIN, SUBMIT)
    midnight = next_shanghai_midnight(time.now)
    assert refused.value.retry_after_s == midnight - time.now
    assert (refused.value.errcode, refused.value.status) == (45009, 429)
    shown = ledger.describe([MAIN])["accounts"]["main"]["paths"][SUBMIT]
    assert shown["closed_until"] == "2026-11-22T16:00:00.000Z"
    ledger.check(PERSONAL, SUBMIT)
    ledger.check(MAIN, MENU)
    time.now = midnight
    ledger.check(MAIN, SUBMIT)


@pytest.mark.parametrize(("after_s", "rests_s"), [(0.5, 60), (299, 60), (300, 86_100)])
def test_a_45009_just_after_midnight_may_be_about_the_day_before(
    ledger: QuotaLedger, time: Time, after_s: float, rests_s: float
) -> None:
    time.now = next_shanghai_midnight(time.now) + after_s
    ledger.count(MAIN, SUBMIT, 45009)
    with pytest.raises(QuotaClosed) as refused:
        ledger.check(MAIN, SUBMIT)
    assert (refused.value.errcode, refused.value.retry_after_s) == (45009, rests_s)
    time.now += rests_s
    ledger.check(MAIN, SUBMIT)


def test_two_replicas_that_note_one_clearing_do_not_close_the_path(time: Time) -> None:
    counters = MemoryCounters()
    ledger = QuotaLedger(counters, clock=time)
    ledger.count(MAIN, SUBMIT, 45009)
    ledger.cleared(MAIN, SUBMIT)
    for name in (SUBMIT, "!" + SUBMIT):  # what the other replica took for the count
        counters.add(MAIN.app_id, name, shanghai_day(time.now), -1)
    ledger.check(MAIN, SUBMIT)
    assert ledger.remaining(MAIN, SUBMIT) == 100


def test_a_path_called_too_often_within_a_minute_rests_for_one(
    ledger: QuotaLedger, time: Time
) -> None:
    ledger.count(MAIN, SUBMIT, 45011)
    time.now += 59
    with pytest.raises(MinuteQuotaClosed) as refused:
        ledger.check(MAIN, SUBMIT)
    assert (refused.value.errcode, refused.value.retry_after_s) == (45011, 1)
    ledger.check(PERSONAL, SUBMIT)
    time.now += 1
    ledger.check(MAIN, SUBMIT)


@pytest.mark.parametrize("path", ["/cgi-bin/clear_quota", "/cgi-bin/clear_quota/v2"])
def test_clearing_opens_all_paths_and_counts_in_the_month(
    ledger: QuotaLedger, time: Time, path: str
) -> None:
    ledger.count(MAIN, SUBMIT, 45009)
    ledger.count(MAIN, MENU, 45011)
    ledger.count(MAIN, path, 0)
    ledger.check(MAIN, SUBMIT)
    ledger.check(MAIN, MENU)
    month = ledger.describe([MAIN])["accounts"]["main"]["month"]
    assert month["clear_quota"] == {"quota": 10, "used": 1, "remaining": 9}
    time.now += 31 * 86_400
    month = ledger.describe([MAIN])["accounts"]["main"]["month"]
    assert month["clear_quota"]["used"] == 0


def test_clearing_one_path_opens_that_one(ledger: QuotaLedger) -> None:
    for path in (SUBMIT, MENU):
        ledger.count(MAIN, path, 45009)
    ledger.count(MAIN, CLEAR_PATH, 0)
    ledger.cleared(MAIN, SUBMIT)
    assert ledger.remaining(MAIN, SUBMIT) == 100
    with pytest.raises(QuotaClosed):
        ledger.check(MAIN, MENU)
    month = ledger.describe([MAIN])["accounts"]["main"]["month"]
    assert month["openapi/quota/clear"] == {"quota": 50, "used": 1, "remaining": 49}


def test_a_refused_clearing_says_that_none_is_left_this_month(ledger: QuotaLedger) -> None:
    ledger.count(MAIN, "/cgi-bin/clear_quota", 48006)
    month = ledger.describe([MAIN])["accounts"]["main"]["month"]
    assert month["clear_quota"] == {"quota": 10, "used": 10, "remaining": 0}


@pytest.mark.parametrize("path", ["/cgi-bin/clear_quota", CLEAR_PATH])
def test_what_clears_quotas_is_never_closed(ledger: QuotaLedger, path: str) -> None:
    ledger.count(MAIN, path, 45009)
    ledger.check(MAIN, path)


def test_the_accounts_own_figure_ranks_before_the_probed_one_and_wechats(time: Time) -> None:
    figures = {SUBMIT: 500, MENU: 50}
    ledger = QuotaLedger(
        MemoryCounters(), probed=lambda account, path: figures.get(path), clock=time
    )
    own = MAIN.model_copy(update={"quotas": {SUBMIT: 7}})
    assert [ledger.quota_of(own, path) for path in (SUBMIT, MENU, DELETE)] == [7, 50, 10]


def told_of(happenings: list[Happening]) -> list[tuple[Any, ...]]:
    return [(one.event, one.data["path"], one.data.get("used"), one.over) for one in happenings]


def test_people_are_told_once_at_80_and_at_100_percent(time: Time) -> None:
    told: list[Happening] = []
    ledger = QuotaLedger(MemoryCounters(), alarms=Alarms(told.append), clock=time)
    for _ in range(12):
        ledger.count(MAIN, DELETE, 0)
    assert told_of(told) == [("quota.near", DELETE, 8, False), ("quota.spent", DELETE, 10, False)]
    assert told[0].data["limit"] == 10
    time.now += 86_400
    for _ in range(8):
        ledger.count(MAIN, DELETE, 0)
    assert told_of(told[2:]) == [("quota.near", DELETE, 8, False)]
    assert told[2].once != told[0].once


def test_processes_that_count_together_tell_of_one_thing(time: Time) -> None:
    told: list[Happening] = []
    counters = MemoryCounters()
    ledgers = [QuotaLedger(counters, alarms=Alarms(told.append), clock=time) for _ in range(2)]
    for number in range(12):
        ledgers[number % 2].count(MAIN, DELETE, 0)
    assert len(told) == 4
    assert len({(one.event, one.key, one.once) for one in told}) == 2


def test_people_are_told_when_a_clearing_gives_the_quota_back(time: Time) -> None:
    told: list[Happening] = []
    ledger = QuotaLedger(MemoryCounters(), alarms=Alarms(told.append), clock=time)
    for _ in range(10):
        ledger.count(MAIN, DELETE, 0)
    ledger.count(MAIN, "/cgi-bin/clear_quota", 0)
    assert sorted(one.event for one in told if one.over) == ["quota.near", "quota.spent"]
    for _ in range(10):
        ledger.count(MAIN, DELETE, 0)
    near = [one for one in told if one.event == "quota.near" and not one.over]
    assert len({one.once for one in near}) == 2


def test_people_are_told_of_wechats_own_45009(time: Time) -> None:
    told: list[Happening] = []
    ledger = QuotaLedger(MemoryCounters(), alarms=Alarms(told.append), clock=time)
    ledger.count(MAIN, MENU, 45009)
    ledger.count(MAIN, MENU, 45009)
    assert told_of(told) == [("quota.spent", MENU, 1, False)]


def test_nobody_is_told_of_what_wechat_says_before_it_has_begun_the_day(time: Time) -> None:
    told: list[Happening] = []
    time.now = next_shanghai_midnight(time.now) + 1
    ledger = QuotaLedger(MemoryCounters(), alarms=Alarms(told.append), clock=time)
    ledger.count(MAIN, MENU, 45009)
    assert told == []
