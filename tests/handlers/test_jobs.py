import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from content.fields import DraftFields
from jobs.submission import Submission
from store.engine import Database
from tests.handlers.desk import Desk, open_desk

ARTICLE = {"markdown": "正文"}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_desk(database) as opened:
        yield opened


async def _submit(desk: Desk, **how: Any) -> str:
    job_id: str = (await desk.post(ARTICLE, **how)).json()["id"]
    return job_id


async def test_a_key_sees_its_own_jobs_and_admin_sees_all(desk: Desk) -> None:
    mine, theirs = await _submit(desk), await _submit(desk, as_client="agent")
    for client, seen in (("blog", [mine]), ("agent", [theirs]), ("boss", [theirs, mine])):
        listed = (await desk.call("GET", "/v1/jobs", as_client=client)).json()
        assert [job["id"] for job in listed["items"]] == seen
        for job_id in (mine, theirs):
            response = await desk.call("GET", f"/v1/jobs/{job_id}", as_client=client)
            assert response.status_code == (200 if job_id in seen else 404)


async def test_nothing_can_be_done_to_jobs_of_others(desk: Desk) -> None:
    job_id = await _submit(desk)
    for method, act in (("POST", "cancel"), ("POST", "retry"), ("GET", "events")):
        response = await desk.call(method, f"/v1/jobs/{job_id}/{act}", as_client="agent")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "job_unknown")


async def test_a_cancelled_job_can_be_retried_by_who_may(desk: Desk) -> None:
    job_id = (await desk.post({**ARTICLE, "action": "publish"})).json()["id"]
    cancelled = await desk.call("POST", f"/v1/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = await desk.call("POST", f"/v1/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "job_ended")
    retried = await desk.call("POST", f"/v1/jobs/{job_id}/retry")
    assert (retried.status_code, retried.json()["state"]) == (202, "accepted")
    running = await desk.call("POST", f"/v1/jobs/{job_id}/retry")
    assert (running.status_code, running.json()["error"]["code"]) == (409, "job_not_retryable")


async def test_a_retry_is_judged_by_what_the_client_may_do_now(desk: Desk) -> None:
    """Since the job was handed in, approval became due, or the account was taken away."""

    async def ended(account: str, **how: Any) -> str:
        job = await desk.jobs.submit(
            Submission(account=account, fields=DraftFields(**ARTICLE), **how)
        )
        return (await desk.jobs.cancel(job.id, job.client_id)).id

    mine = await ended("main", client_id="junior", action="publish")
    retried = await desk.call("POST", f"/v1/jobs/{mine}/retry", as_client="junior")
    assert (retried.json()["state"], retried.json()["approval"]) == ("waiting", "pending")
    draft = await ended("main", client_id="junior")
    retried = await desk.call("POST", f"/v1/jobs/{draft}/retry", as_client="junior")
    assert (retried.json()["state"], "approval" in retried.json()) == ("accepted", False)
    lost = await ended("personal", client_id="blog")
    refused = await desk.call("POST", f"/v1/jobs/{lost}/retry")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "account_unknown")
    assert (await desk.jobs.get(lost, "blog")).state == "cancelled"


async def test_texts_follow_the_callers_language(desk: Desk) -> None:
    for language, word in (("en-GB", "no such job"), ("zh-CN", "没有这个任务")):
        headers = {"accept-language": language}
        response = await desk.call("GET", "/v1/jobs/job_x", headers=headers)
        assert word in response.json()["error"]["message"]


def _events(text: str) -> list[tuple[int, str]]:
    events = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        assert lines["event"] == "job"
        events.append((int(lines["id"]), json.loads(lines["data"])["state"]))
    return events


async def test_events_end_with_the_job_and_can_be_resumed(desk: Desk) -> None:
    job_id = await _submit(desk)
    following = asyncio.ensure_future(desk.call("GET", f"/v1/jobs/{job_id}/events"))
    await asyncio.sleep(0.1)
    await desk.call("POST", f"/v1/jobs/{job_id}/cancel")
    response = await following
    assert response.headers["content-type"].startswith("text/event-stream")
    assert _events(response.text) == [(1, "accepted"), (2, "cancelled")]
    headers = {"last-event-id": "1"}
    response = await desk.call("GET", f"/v1/jobs/{job_id}/events", headers=headers)
    assert _events(response.text) == [(2, "cancelled")]


async def test_who_has_seen_the_end_is_told_not_to_come_back(desk: Desk) -> None:
    job_id = await _submit(desk)
    await desk.call("POST", f"/v1/jobs/{job_id}/cancel")
    headers = {"last-event-id": "2"}
    response = await desk.call("GET", f"/v1/jobs/{job_id}/events", headers=headers)
    assert (response.status_code, response.content) == (204, b"")


@pytest.mark.parametrize("path", ["%00", "x", "job_%00", "%ff"])
async def test_an_id_that_no_job_can_have_is_a_404(desk: Desk, path: str) -> None:
    for method, act in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("POST", "/retry")):
        response = await desk.call(method, f"/v1/jobs/{path}{act}")
        assert response.status_code == 404


async def test_a_publication_that_needs_approval_waits_for_another_key(desk: Desk) -> None:
    body = {"markdown": "正文", "title": "题", "action": "publish"}
    job = (await desk.post(body, as_client="junior")).json()
    assert (job["state"], job["approval"]) == ("waiting", "pending")
    path = f"/v1/jobs/{job['id']}/approve"

    async def refused(as_client: str) -> tuple[int, str]:
        response = await desk.call("POST", path, as_client=as_client)
        return response.status_code, response.json()["error"]["code"]

    assert await refused("junior") == (403, "approver_needs_approval")
    assert await refused("agent") == (403, "scope_missing")
    assert await refused("elsewhere") == (404, "job_unknown")
    approved = await desk.call("POST", path, as_client="blog")
    assert (approved.status_code, approved.json()["approval"]) == (202, "given")
    assert await refused("boss") == (409, "job_not_pending")


async def test_a_draft_of_the_same_client_needs_none(desk: Desk) -> None:
    job = (await desk.post({"markdown": "正文", "title": "题"}, as_client="junior")).json()
    assert "approval" not in job


async def test_who_may_approve_sees_what_there_is_to_approve(desk: Desk) -> None:
    body = {"markdown": "正文", "title": "题", "action": "publish"}
    waits = (await desk.post(body, as_client="junior")).json()["id"]
    other = await _submit(desk, as_client="junior")  # a draft: nobody approves it

    async def seen(as_client: str, approval: str = "pending") -> tuple[list[str], int, int]:
        query = {"approval": approval}
        listed = await desk.call("GET", "/v1/jobs", params=query, as_client=as_client)
        told = [
            (await desk.call("GET", f"/v1/jobs/{job_id}", as_client=as_client)).status_code
            for job_id in (waits, other)
        ]
        return [job["id"] for job in listed.json()["items"]], told[0], told[1]

    assert await seen("blog") == ([waits], 200, 404)
    for not_an_approver in ("agent", "elsewhere", "reader"):
        assert await seen(not_an_approver) == ([], 404, 404)
    assert await seen("junior") == ([waits], 200, 200)
    mine = await desk.call("GET", "/v1/jobs", as_client="blog")
    assert mine.json()["items"] == []
    await desk.call("POST", f"/v1/jobs/{waits}/approve", as_client="blog")
    assert await seen("blog") == ([], 200, 404)
    assert await seen("blog", "given") == ([waits], 200, 404)


async def test_who_may_approve_follows_what_there_was_to_approve(desk: Desk) -> None:
    body = {"markdown": "正文", "title": "题", "action": "publish"}
    waits = (await desk.post(body, as_client="junior")).json()["id"]
    refused = await desk.call("GET", f"/v1/jobs/{waits}/events", as_client="reader")
    assert refused.status_code == 404
    following = asyncio.ensure_future(
        desk.call("GET", f"/v1/jobs/{waits}/events", as_client="blog")
    )
    await desk.call("POST", f"/v1/jobs/{waits}/cancel", as_client="junior")
    assert _events((await following).text)[-1][1] == "cancelled"
