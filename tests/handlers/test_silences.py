from collections.abc import AsyncIterator
from typing import Any

import pytest

from handlers import alert_desk
from store.engine import Database
from tests.handlers.alerting import AlertsDesk


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[AlertsDesk]:
    made = AlertsDesk(database)
    async with made.http:
        yield made


async def test_a_silence_begins_is_listed_and_ends(desk: AlertsDesk) -> None:
    made = await desk.silence(events=["calls.*", "disk.near"], account="main", key="main")
    assert (made["state"], made["created_by"]) == ("active", "client:ops")
    assert made["ends_at"] == "1970-01-01T00:26:40.000Z"
    assert (await desk.call("GET", "/silences")).json() == {"items": [made], "next_cursor": None}
    ended = await desk.call("DELETE", f"/silences/{made['id']}")
    assert ended.status_code == 204
    assert (await desk.call("GET", "/silences")).json()["items"] == []
    (row,) = (await desk.call("GET", "/silences?ended=true")).json()["items"]
    assert (row["state"], row["ends_at"]) == ("ended", "1970-01-01T00:16:40.000Z")
    assert (await desk.call("DELETE", f"/silences/{made['id']}")).status_code == 204
    entries = await desk.audited()
    assert [entry["action"] for entry in entries] == ["silence.end", "silence.create"]
    assert entries[1]["detail"]["reason"] == "维护"


async def test_one_may_begin_later(desk: AlertsDesk) -> None:
    made = await desk.silence(starts_at="1970-01-01T08:20:00+08:00", duration_s=60)
    assert made["state"] == "scheduled"
    assert made["ends_at"] == "1970-01-01T00:21:00.000Z"
    desk.now = 1_200.0
    assert (await desk.call("GET", "/silences")).json()["items"][0]["state"] == "active"


async def test_silences_are_told_page_by_page(desk: AlertsDesk) -> None:
    made = [(await desk.silence())["id"] for _ in range(3)]
    told = (await desk.call("GET", "/silences?limit=2")).json()
    rest = (await desk.call("GET", f"/silences?limit=2&cursor={told['next_cursor']}")).json()
    assert sorted(row["id"] for row in [*told["items"], *rest["items"]]) == sorted(made)
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"events": []}, "events"),
        ({"events": ["Disk.full"]}, "events[0]"),
        ({"events": ["disk.full", "disk.empty"]}, "events[1]"),  # there is no such event
        ({"events": ["dusk.*"]}, "events[0]"),
        ({"reason": ""}, "reason"),
        ({"reason": "a\x00"}, "reason"),
        ({"duration_s": 5}, "duration_s"),
        ({"duration_s": None}, "ends_at"),
        ({"ends_at": "1970-01-01T01:00:00Z"}, "ends_at"),  # both
        ({"duration_s": None, "ends_at": "1970-01-01T00:16:40Z"}, "ends_at"),  # now
        ({"duration_s": None, "ends_at": "1970-09-01T00:00:00Z"}, "ends_at"),
        ({"duration_s": None, "ends_at": "1970-01-01T01:00:00"}, "ends_at"),  # of no zone
        ({"starts_at": "1970-05-01T00:00:00Z"}, "ends_at"),
        ({"who": "x"}, "who"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    desk: AlertsDesk, said: dict[str, Any], field: str
) -> None:
    given = {"events": ["*"], "reason": "维护", "duration_s": 600, **said}
    answer = await desk.call("POST", "/silences", json=given)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize("silence_id", ["sil_1", "sil_06h07z6nxmd948z1se7rzbetyc", "%00"])
async def test_what_there_is_not_cannot_end(desk: AlertsDesk, silence_id: str) -> None:
    answer = await desk.call("DELETE", f"/silences/{silence_id}")
    assert (answer.status_code, desk.code(answer)) == (404, "silence_unknown")


async def test_there_are_not_too_many(desk: AlertsDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_desk, "_MOST_SILENCES", 2)
    for _ in range(2):
        made = await desk.silence()
    given = {"events": ["*"], "reason": "维护", "duration_s": 600}
    refused = await desk.call("POST", "/silences", json=given)
    assert (refused.status_code, desk.code(refused)) == (409, "too_many_silences")
    await desk.call("DELETE", f"/silences/{made['id']}")
    await desk.silence()
