from datetime import date, timedelta

import pytest

from core.clock import shanghai_day
from tests.sandbox.caller import Caller

SUMMARY = "/datacube/getusersummary"


def days_ago(caller: Caller, days: int) -> str:
    today = date.fromisoformat(shanghai_day(caller.sandbox.world.clock()))
    return (today - timedelta(days=days)).isoformat()


def span(caller: Caller, begin: int, end: int) -> dict[str, str]:
    return {"begin_date": days_ago(caller, begin), "end_date": days_ago(caller, end)}


async def test_there_is_a_row_a_day_the_same_each_time(caller: Caller) -> None:
    body = span(caller, 7, 1)
    rows = (await caller.post(SUMMARY, body))["list"]
    assert [row["ref_date"] for row in rows] == [days_ago(caller, day) for day in range(7, 0, -1)]
    assert (await caller.post(SUMMARY, body))["list"] == rows


@pytest.mark.parametrize(("begin", "end"), [(1, 0), (1, 2), (8, 1)])
async def test_ranges_end_yesterday_and_are_short(caller: Caller, begin: int, end: int) -> None:
    assert (await caller.post(SUMMARY, span(caller, begin, end)))["errcode"] == 61501


async def test_spans_differ_by_call(caller: Caller) -> None:
    month = span(caller, 30, 1)
    assert "list" in await caller.post("/datacube/getbizsummary", month)
    day = await caller.post("/datacube/getarticlesummary", span(caller, 2, 1))
    assert day["errcode"] == 61501


@pytest.mark.parametrize("day", ["2026-1-01", "20260101", "2026-02-30", 20260101, None])
async def test_what_is_no_date_is_refused(caller: Caller, day: object) -> None:
    body = {"begin_date": day, "end_date": days_ago(caller, 1)}
    assert (await caller.post(SUMMARY, body))["errcode"] == 61500
