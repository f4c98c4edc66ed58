"""Schedules of a whole gateway: at their time, never before, and what they were meant for."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from tests.e2e.conftest import Stand

SCHEDULES = "/v1/accounts/{}/schedules"


def soon(seconds: float = 1.0) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


async def add(stand: Stand, body: dict[str, Any], account: str = "main") -> dict[str, Any]:
    response = await stand.http.post(SCHEDULES.format(account), json=body)
    made: dict[str, Any] = response.json()
    assert response.status_code == 201, made
    return made


async def job_of(stand: Stand, schedule: dict[str, Any]) -> dict[str, Any]:
    """The end of the job that the schedule makes."""
    async with asyncio.timeout(40):
        while True:
            page = (await stand.http.get("/v1/jobs", params={"schedule": schedule["id"]})).json()
            for job in page["items"]:
                if job["state"] in ("succeeded", "failed", "needs_review"):
                    return dict(job)
            await asyncio.sleep(0.1)


async def test_an_article_is_published_at_its_time_and_not_before(stand: Stand) -> None:
    at = time.time() + 1.5
    body = {"article": {"markdown": "# 早\n\n正文"}, "action": "publish"}
    made = await add(stand, body | {"publish_at": datetime.fromtimestamp(at, UTC).isoformat()})
    job = await job_of(stand, made)
    assert (job["state"], job["result"]["mode"]) == ("succeeded", "published")
    (draft,) = stand.committed("draft")
    assert draft.at >= at
    seen = (await stand.http.get(f"{SCHEDULES.format('main')}/{made['id']}")).json()
    assert (seen["state"], seen["last_job_id"]) == ("ended", job["id"])


async def test_an_account_that_may_not_publish_ends_with_a_draft_and_what_to_click(
    stand: Stand,
) -> None:
    body = {"article": {"markdown": "# 早\n\n正文"}, "action": "publish", "publish_at": soon()}
    job = await job_of(stand, await add(stand, body, "personal"))
    assert (job["state"], job["result"]["mode"]) == ("succeeded", "draft_ready")
    assert job["result"]["next_steps"]


async def test_what_recurs_can_be_had_now_as_well(stand: Stand) -> None:
    body = {"article": {"markdown": "# 早\n\n正文"}, "if_late": "skip", "cron": "0 8 * * *"}
    made = await add(stand, body)
    run = await stand.http.post(f"{SCHEDULES.format('main')}/{made['id']}/run")
    assert run.status_code == 202
    job = await job_of(stand, made)
    assert (job["state"], job["result"]["mode"]) == ("succeeded", "draft")
