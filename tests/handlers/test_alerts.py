from collections.abc import AsyncIterator
from typing import Any

import pytest

from store import alerts
from store.engine import Database
from tests.handlers.alerting import AlertsDesk
from tests.store.test_alerts import alert_row, put

ID = "alr_06h07z6nxmd948z1se7rzbetyc"
OTHER = "alr_06h07z6nxmd948z1se7rzbetyd"


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[AlertsDesk]:
    made = AlertsDesk(database)
    async with made.http:
        yield made


async def test_alerts_are_listed_filtered_and_paged(desk: AlertsDesk) -> None:
    await put(
        desk.database,
        alert_row(ID),
        alert_row(OTHER, event="disk.full", account=None, severity="critical"),
    )
    told = (await desk.call("GET", "/alerts?limit=1")).json()
    assert [row["id"] for row in told["items"]] == [OTHER]
    rest = (await desk.call("GET", f"/alerts?cursor={told['next_cursor']}")).json()
    assert [row["id"] for row in rest["items"]] == [ID]
    assert rest["next_cursor"] is None
    for query, found in (
        ("state=open,acknowledged", [OTHER, ID]),
        ("state=resolved", []),
        ("event=disk.full&event=breaker.open", [OTHER, ID]),
        ("severity=critical", [OTHER]),
        ("account=main", [ID]),
    ):
        rows = (await desk.call("GET", f"/alerts?{query}")).json()["items"]
        assert [row["id"] for row in rows] == found, query


async def test_an_alert_says_what_it_knows(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID, data={"host": "api"}, escalate_at=900.0))
    shown = await desk.call("GET", f"/alerts/{ID}")
    said = shown.json()
    assert shown.headers["etag"] == '"1"'
    assert said["data"] == {"host": "api"}
    assert said["first_at"] == "1970-01-01T00:01:40.000Z"
    assert said["escalate_at"] == "1970-01-01T00:15:00.000Z"
    assert (said["state"], said["acknowledged_at"]) == ("open", None)


async def test_an_acknowledged_alert_is_passed_on_no_further(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID, escalate_at=900.0, told_at=100.0))
    said = await desk.call("POST", f"/alerts/{ID}/acknowledge", json={"note": "在查"})
    assert said.status_code == 200, said.text
    assert said.headers["etag"] == '"2"'
    seen = said.json()
    assert (seen["state"], seen["acknowledged_by"], seen["note"]) == (
        *("acknowledged", "client:ops", "在查"),
    )
    assert seen["escalate_at"] is None
    again = await desk.call("POST", f"/alerts/{ID}/acknowledge", who="boss")
    assert again.json() == seen  # the first one's
    assert [entry["action"] for entry in await desk.audited()] == ["alert.acknowledge"]
    assert await desk.told() == []


async def test_those_who_know_of_an_alert_hear_that_somebody_resolved_it(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID, told_at=100.0, over_at=200.0))
    said = (await desk.call("POST", f"/alerts/{ID}/resolve")).json()
    assert (said["state"], said["resolved_by"]) == ("resolved", "client:ops")
    (row,) = await desk.told()
    assert (row.event, row.over, row.data["alert_id"]) == ("breaker.open", True, ID)
    assert desk.woken == 1
    assert (await desk.call("POST", f"/alerts/{ID}/resolve")).json() == said
    assert await desk.told() == []
    refused = await desk.call("POST", f"/alerts/{ID}/acknowledge")
    assert (refused.status_code, desk.code(refused)) == (409, "alert_resolved")
    async with desk.database.read() as connection:
        assert await alerts.due(connection, 1e9, limit=9) == []


async def test_of_what_nobody_knew_nobody_hears_the_end(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID, tell_at=500.0))
    await desk.call("POST", f"/alerts/{ID}/resolve")
    assert await desk.told() == []


async def test_in_a_silence_a_person_resolves_it_without_a_word(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID, told_at=100.0))
    await desk.silence()
    await desk.call("POST", f"/alerts/{ID}/resolve")
    assert await desk.told() == []


@pytest.mark.parametrize("act", ["acknowledge", "resolve"])
async def test_who_saw_an_earlier_state_is_told(desk: AlertsDesk, act: str) -> None:
    await put(desk.database, alert_row(ID, version=3))
    refused = await desk.call("POST", f"/alerts/{ID}/{act}", headers={"If-Match": '"2"'})
    assert (refused.status_code, desk.code(refused)) == (409, "stale_edit")
    taken = await desk.call("POST", f"/alerts/{ID}/{act}", headers={"If-Match": '"3"'})
    assert taken.status_code == 200


@pytest.mark.parametrize("alert_id", [ID, "alr_1", "%00", "x" * 200])
async def test_what_there_is_not_is_not_found(desk: AlertsDesk, alert_id: str) -> None:
    for method, path in (("GET", ""), ("POST", "/acknowledge"), ("POST", "/resolve")):
        answer = await desk.call(method, f"/alerts/{alert_id}{path}")
        assert (answer.status_code, desk.code(answer)) == (404, "alert_unknown")


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("/alerts?state=on", {}),
        ("/alerts?event=Disk", {}),
        ("/alerts?cursor=1", {}),
        (f"/alerts/{ID}/acknowledge", {"json": {"note": "x" * 501}}),
        (f"/alerts/{ID}/acknowledge", {"json": {"said": "x"}}),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: AlertsDesk, path: str, how: Any) -> None:
    await put(desk.database, alert_row(ID))
    answer = await desk.call("POST" if how else "GET", path, **how)
    assert answer.status_code == 422, answer.text


async def test_only_admins_see_and_do_anything(desk: AlertsDesk) -> None:
    await put(desk.database, alert_row(ID))
    for method, path in (
        *(("GET", "/alerts"), ("GET", f"/alerts/{ID}"), ("POST", f"/alerts/{ID}/acknowledge")),
        *(("POST", f"/alerts/{ID}/resolve"), ("GET", "/silences"), ("POST", "/silences")),
        ("DELETE", "/silences/sil_06h07z6nxmd948z1se7rzbetyc"),
    ):
        answer = await desk.call(method, path, who="blog")
        assert (answer.status_code, desk.code(answer)) == (403, "scope_missing")
