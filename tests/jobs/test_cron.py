import time
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GatewayError
from jobs.cron import CronInvalid, CronTooOften, Recurrence, TimezoneUnknown

NOW = datetime.fromisoformat("2026-11-22T12:00:00+08:00").timestamp()


def recurrence(cron: str, zone: str = "Asia/Shanghai", **how: float) -> Recurrence:
    return Recurrence.parse(cron, zone, **{"now": NOW, "least_s": 900, **how})


def times(cron: str, zone: str, since: str, count: int = 3) -> list[str]:
    start = datetime.fromisoformat(since)
    found = islice(recurrence(cron, zone, least_s=60).after(start.timestamp()), count)
    return [datetime.fromtimestamp(at, start.tzinfo).isoformat() for at in found]


def test_eight_on_working_days_is_that_in_shanghai() -> None:
    assert times("0 8 * * 1-5", "Asia/Shanghai", "2026-11-20T09:00:00+08:00") == [
        "2026-11-23T08:00:00+08:00",
        "2026-11-24T08:00:00+08:00",
        "2026-11-25T08:00:00+08:00",
    ]


@pytest.mark.parametrize(
    ("name", "first"),
    [("@daily", "2026-11-23T00:00:00+08:00"), ("@Monthly", "2026-12-01T00:00:00+08:00")],
)
def test_names_stand_for_the_usual_expressions(name: str, first: str) -> None:
    assert times(name, "Asia/Shanghai", "2026-11-22T12:00:00+08:00", 1) == [first]


def test_a_time_that_the_clocks_leave_out_comes_once_when_they_have_gone_ahead() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00+00:00", 2) == [
        "2027-03-28T01:00:00+00:00",  # 3:00 there: there is no 2:30 that day
        "2027-03-29T00:30:00+00:00",
    ]


def test_a_time_that_the_clocks_give_twice_comes_once() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+00:00", 2) == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
    ]


@pytest.mark.parametrize(
    "cron",
    ["", "x" * 121, "* * * *", "* * * * * *", "61 8 * * *", "0 8 30 2 *", "0 8 * * MON#6",
     "０ 8 * * *", "0 8 * * *\n", "@reboot", "0 8 * * \x00"],
)  # fmt: skip
def test_what_never_comes_or_says_nothing_is_refused(cron: str) -> None:
    with pytest.raises(CronInvalid) as refused:
        recurrence(cron)
    assert refused.value.field == "cron"


@pytest.mark.parametrize("cron", ["* * * * *", "*/10 * * * *", "0,5 8 1 1 *"])
def test_what_would_come_too_often_is_refused(cron: str) -> None:
    with pytest.raises(CronTooOften):
        recurrence(cron)
    assert recurrence(cron, least_s=60).next(NOW) is not None


@pytest.mark.parametrize(
    "zone", ["", "Nowhere", "../etc/passwd", "/etc/localtime", "America", "\0"]
)
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(TimezoneUnknown):
        recurrence("0 8 * * *", zone)


def test_of_missed_times_the_newest_counts_and_the_others_are_numbered() -> None:
    daily = recurrence("0 8 * * *")
    first = datetime.fromisoformat("2026-11-20T08:00:00+08:00").timestamp()
    assert daily.newest(first, first) == (first, 0)
    assert daily.newest(first, first + 3_600) == (first, 0)
    assert daily.newest(first, first + 2 * 86_400) == (first + 2 * 86_400, 2)
    assert daily.newest(first, first + 5_000 * 86_400 + 1) == (first + 5_000 * 86_400, 1_000)


@given(st.text(st.sampled_from("0123456789*/,-#LMONJAN @dailyw"), max_size=30))
def test_any_text_is_refused_or_gives_growing_times(cron: str) -> None:
    try:
        found = list(islice(recurrence(cron).after(NOW), 20))
    except GatewayError:
        return
    assert found == sorted(set(found))
    assert all(at > NOW for at in found)


def test_a_year_of_missed_times_is_found_at_once() -> None:
    quarter = recurrence("*/15 * * * *")
    started = time.process_time()
    assert quarter.newest(NOW, NOW + 366 * 86_400)[1] == 1_000
    assert time.process_time() - started < 2
