import pytest

from accounts.official import Accounts
from cache.counters import MemoryCounters
from core.clock import next_shanghai_midnight
from proxy.quota import QuotaLedger
from tests.gateway import MAIN, PERSONAL
from tests.proxy.conftest import Time

SUBMIT, MENU = "/cgi-bin/freepublish/submit", "/cgi-bin/menu/get"


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
    assert described["accounts"]["main"][SUBMIT] == {"quota": 100, "used": 1, "remaining": 99}
    assert described["accounts"]["personal"][SUBMIT]["used"] == 0
    assert described["resets_at"].endswith("T16:00:00.000Z")
