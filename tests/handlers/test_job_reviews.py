from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.ids import new_id
from store import jobs
from store.engine import Database
from tests.handlers.desk import Desk, open_desk
from tests.store.rows import job_row


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def put(database: Database, **values: Any) -> str:
    job_id = new_id("job")
    row = job_row(job_id, **{"action": "publish", "payload": {"files": 0}, **values})
    async with database.write() as connection:
        await jobs.insert(connection, row)
    return job_id


async def test_who_may_publish_says_what_became_of_a_job(desk: Desk, database: Database) -> None:
    job_id = await put(database, state="needs_review")
    path, said = f"/v1/jobs/{job_id}/resolve", {"outcome": "published", "article_id": "A"}
    assert (await desk.call("POST", path, json=said, as_client="agent")).status_code == 404
    resolved = await desk.call("POST", path, json=said)
    assert (resolved.status_code, resolved.json()["state"]) == (200, "succeeded")
    again = await desk.call("POST", path, json=said)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "job_not_in_review")


async def test_many_are_retried_but_none_that_needs_review(desk: Desk, database: Database) -> None:
    states = ("failed", "cancelled", "needs_review", "succeeded")
    ids = [await put(database, state=state) for state in states]
    theirs = await put(database, state="failed", client_id="other")
    answer = await desk.call("POST", "/v1/jobs/retry", json={"ids": [*ids, theirs, ids[0]]})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["retried"] for item in items] == [True, True, False, False, False]
    codes = [item["error"]["code"] for item in items[2:]]
    assert codes == ["job_not_retryable", "job_not_retryable", "job_unknown"]
    too_many = {"ids": [ids[0]] * 101}
    assert (await desk.call("POST", "/v1/jobs/retry", json=too_many)).status_code == 422


async def test_who_approves_sees_what(desk: Desk) -> None:
    body = {
        "markdown": "# 标题\n\n第一段。\n\n![图](https://example.com/a.png)",
        "action": "publish",
    }
    job = (await desk.post(body, as_client="junior")).json()
    path = f"/v1/jobs/{job['id']}/preview"
    shown = (await desk.call("GET", path)).json()
    assert shown["action"] == "publish"
    (article,) = shown["articles"]
    assert (article["title"], article["pictures"]) == ("标题", 1)
    assert "第一段" in article["html"]
    assert (await desk.call("GET", path, as_client="agent")).status_code == 404


async def test_who_approves_sees_what_a_template_makes(desk: Desk) -> None:
    greeting = {"festival": "中秋", "message": "月圆人安", "sender": "编辑部"}
    body = {"template": "season-greetings", "variables": greeting, "action": "publish"}
    job = (await desk.post(body, as_client="junior")).json()
    (article,) = (await desk.call("GET", f"/v1/jobs/{job['id']}/preview")).json()["articles"]
    assert "月圆人安" in article["html"]


async def test_a_draft_that_is_there_is_shown_as_wechat_has_it(desk: Desk) -> None:
    job = (await desk.call("POST", "/v1/accounts/main/drafts/M/publish", as_client="junior")).json()
    shown = (await desk.call("GET", f"/v1/jobs/{job['id']}/preview")).json()
    assert shown["articles"] == [
        {"title": "题", "digest": "", "html": "<p>文</p>", "text": "", "pictures": 0}
    ]


async def test_nobody_reads_a_draft_of_an_account_that_was_taken_away(
    desk: Desk, database: Database
) -> None:
    how = {"client_id": "elsewhere", "account": "main"}  # which once it may have used
    job_id = await put(database, payload={"files": 0, "media_id": "M"}, **how)
    path = f"/v1/jobs/{job_id}/preview"
    refused = await desk.call("GET", path, as_client="elsewhere")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "account_unknown")
    assert (await desk.call("GET", path, as_client="boss")).status_code == 200


async def test_what_nobody_has_to_approve_does_not_exist_for_others(
    desk: Desk, database: Database
) -> None:
    path = f"/v1/jobs/{await put(database)}/approve"
    for name, status, code in (
        ("junior", 403, "approver_needs_approval"),
        ("sender", 404, "job_unknown"),
        ("elsewhere", 404, "job_unknown"),
        ("blog", 403, "approval_by_other"),
        ("boss", 409, "job_not_pending"),
    ):
        refused = await desk.call("POST", path, as_client=name)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), name
