from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from store.engine import Database
from tests.handlers.desk import Desk, open_desk
from tests.jobs.journals import noted

BODY = {"markdown": "x", "action": "publish", "publish_at": "2027-01-01T08:00:00+08:00"}
LATER = "2027-02-01T00:00:00.000Z"


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_job_gets_another_time_and_other_tags(desk: Desk, database: Database) -> None:
    path = f"/v1/jobs/{(await desk.post(BODY)).json()['id']}"
    etag = (await desk.call("GET", path)).headers["etag"]
    changes = {"publish_at": LATER, "tags": ["a"]}
    changed = await desk.call("PATCH", path, json=changes, headers={"If-Match": etag})
    assert (changed.json()["run_at"], changed.json()["tags"]) == (LATER, ["a"])
    (entry,) = await noted(database)
    assert (entry["action"], entry["actor"]) == ("publish.reschedule", "client:blog")
    stale = await desk.call("PATCH", path, json=changes, headers={"If-Match": etag})
    assert code_of(stale) == (409, "schedule_changed")


async def test_a_job_that_needs_approval_needs_it_for_another_time_too(desk: Desk) -> None:
    job = (await desk.post(BODY, as_client="junior")).json()
    path = f"/v1/jobs/{job['id']}"
    await desk.call("POST", f"{path}/approve", as_client="blog")
    changed = await desk.call("PATCH", path, json={"publish_at": LATER}, as_client="junior")
    assert changed.json()["approval"] == "pending"


async def test_so_does_a_mass_send_whoever_it_is_of(desk: Desk) -> None:
    mass = {"action": "mass_send", "mass": {"to_all": True}}
    job = (await desk.post({**BODY, **mass}, as_client="sender")).json()
    path = f"/v1/jobs/{job['id']}"
    approved = await desk.call("POST", f"{path}/approve", as_client="sender-2")
    assert approved.json()["approval"] == "given"
    changed = await desk.call("PATCH", path, json={"publish_at": LATER}, as_client="sender")
    assert changed.json()["approval"] == "pending"


async def test_one_that_is_over_gets_none(desk: Desk) -> None:
    path = f"/v1/jobs/{(await desk.post(BODY)).json()['id']}"
    await desk.call("POST", f"{path}/cancel")
    assert code_of(await desk.call("PATCH", path, json={"publish_at": LATER})) == (409, "job_ended")


@pytest.mark.parametrize(
    "body", [{}, {"if_late": "skip"}, {"publish_at": "tomorrow"}, {"tags": [""]}, {"other": 1}]
)
async def test_what_changes_nothing_or_makes_no_sense_is_refused(desk: Desk, body: Any) -> None:
    path = f"/v1/jobs/{(await desk.post(BODY)).json()['id']}"
    assert (await desk.call("PATCH", path, json=body)).status_code == 422
