from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from store.engine import Database
from tests.handlers.desk import Desk, open_desk

PATH = "/v1/accounts/main/drafts/MEDIA_id-1/publish"


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("body", [None, {}, {"publish_at": "2027-01-01T08:00:00+08:00"}])
async def test_a_draft_to_be_published_is_a_job(desk: Desk, body: Any) -> None:
    how = {} if body is None else {"json": body}
    response = await desk.call("POST", PATH, **how)
    job = response.json()
    assert response.status_code == 202
    assert (job["kind"], job["state"]) == ("draft.publish", "accepted")
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"


async def test_152_the_draft_of_an_active_job_is_busy(desk: Desk) -> None:
    first = (await desk.call("POST", PATH)).json()
    response = await desk.call("POST", PATH)
    assert code_of(response) == (409, "draft_busy")
    assert first["id"] in response.json()["error"]["message"]


async def test_it_needs_the_scope_and_the_account(desk: Desk) -> None:
    assert code_of(await desk.call("POST", PATH, as_client="agent")) == (403, "scope_missing")
    response = await desk.call("POST", PATH, as_client="elsewhere")
    assert code_of(response) == (404, "account_unknown")


async def test_whose_publications_need_approval_waits_for_it(desk: Desk) -> None:
    job = (await desk.call("POST", PATH, as_client="junior")).json()
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    approve = f"/v1/jobs/{job['id']}/approve"
    assert (await desk.call("POST", approve, as_client="boss")).json()["approval"] == "given"


async def test_what_cannot_be_a_media_id_is_no_draft(desk: Desk) -> None:
    path = "/v1/accounts/main/drafts/a%20b/publish"
    assert code_of(await desk.call("POST", path)) == (409, "draft_gone")


TO_ALL = {"action": "mass_send", "mass": {"to_all": True}}


async def test_a_mass_send_waits_for_another_key_with_the_scope(desk: Desk) -> None:
    assert code_of(await desk.call("POST", PATH, json=TO_ALL)) == (403, "scope_missing")
    job = (await desk.call("POST", PATH, json=TO_ALL, as_client="sender")).json()
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    approve = f"/v1/jobs/{job['id']}/approve"
    statuses = [
        (await desk.call("POST", approve, as_client=client)).status_code
        for client in ("blog", "sender", "sender-2")
    ]
    assert statuses == [403, 403, 202]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "mass_send"},
        {"mass": {"to_all": True}},
        {"action": "mass_send", "mass": {"to_all": False}},
        {"action": "mass_send", "mass": {"to_all": True, "tag_id": 1}},
    ],
)
async def test_a_mass_send_says_to_whom(desk: Desk, body: Any) -> None:
    response = await desk.call("POST", PATH, json=body, as_client="sender")
    assert code_of(response) == (422, "field_invalid")


async def test_a_draft_is_shown_to_one_follower(desk: Desk) -> None:
    path = PATH.replace("publish", "preview")
    to = {"towxname": "me"}
    assert (await desk.call("POST", path, json=to, as_client="sender")).status_code == 204
    assert desk.previews.shown == [("main", "MEDIA_id-1", to)]
    assert code_of(await desk.call("POST", path, json=to)) == (403, "scope_missing")
    response = await desk.call("POST", path, json={}, as_client="sender")
    assert code_of(response) == (422, "field_invalid")
