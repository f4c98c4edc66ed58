"""Jobs whose client may not have them done any more; jobs/rights.py."""

import asyncio
from typing import Any

import pytest

from accounts.clients import Client
from accounts.edits import Editor
from jobs.states import State
from tests.jobs.callers import caller
from tests.jobs.journals import noted
from tests.jobs.rig import ADD, SUBMIT, Rig

UPLOAD = "/cgi-bin/material/add_material"


async def stopped(rig: Rig, job_id: str) -> dict[str, Any]:
    """The error of the job, which a person has to decide about."""
    row = await rig.until(job_id)
    assert row.state == State.NEEDS_REVIEW
    assert row.error is not None
    return row.error


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (None, "was removed, disabled or has expired"),
        (caller(accounts=["other"]), "may use the account no more"),
        (caller(scopes=["draft"]), "has no more the scope for it"),
        (caller(approve_publish=True), "needs approval now for what it publishes"),
    ],
)
async def test_nothing_is_sent_for_a_client_that_may_do_it_no_more(
    rig: Rig, now: Client | None, reason: str
) -> None:
    row = await rig.submit(publish_at=rig.time() + 60)
    rig.callers.said["blog"] = now
    rig.ahead(61)
    rig.engine.wake()
    error = await stopped(rig, row.id)
    assert error["code"] == "client_gone"
    assert reason in error["message"]["en"]
    assert [rig.calls(path) for path in (UPLOAD, ADD, SUBMIT)] == [0, 0, 0]
    assert rig.builder.built == []


async def test_what_was_approved_needs_no_other_approval(rig: Rig) -> None:
    row = await rig.submit(needs_approval=True)
    rig.callers.said["blog"] = caller(approve_publish=True)
    await rig.jobs.approve(row.id, caller("boss"), Editor("client:boss", "req_1", "192.0.2.1"))
    assert (await rig.until(row.id)).state == State.SUCCEEDED


async def test_a_client_that_is_removed_during_the_build_gets_no_draft(rig: Rig) -> None:
    async def remove() -> None:
        rig.callers.said["blog"] = None

    row = await rig.submit()
    rig.builder.before = remove
    error = await stopped(rig, row.id)
    assert (error["code"], rig.calls(ADD), rig.calls(SUBMIT)) == ("client_gone", 0, 0)


async def test_between_draft_and_submit_it_is_asked_again(rig: Rig) -> None:
    rig.fault("errcode", SUBMIT, errcode=45009)
    row = await rig.submit()
    waiting = await rig.until(row.id, State.WAITING)
    assert "media_id" in waiting.checkpoint
    rig.callers.said["blog"] = None
    rig.ahead(90_000)
    rig.engine.wake()
    assert (await stopped(rig, row.id))["code"] == "client_gone"
    assert (rig.committed("draft"), rig.committed("publication")) == (1, 0)
    ended = await rig.get(row.id)
    assert ended.result is not None
    assert ended.result["media_id"] == waiting.checkpoint["media_id"]


async def test_what_was_submitted_is_followed_to_its_end(rig: Rig) -> None:
    row = await rig.submit()
    async with asyncio.timeout(20):
        while not rig.calls(SUBMIT):
            await asyncio.sleep(0.01)
    rig.callers.said["blog"] = None
    done = await rig.until(row.id)
    assert (done.state, rig.committed("publication")) == (State.SUCCEEDED, 1)


async def test_a_submit_without_an_answer_is_found_though_its_client_is_gone(rig: Rig) -> None:
    rig.fault("reset_after_commit", SUBMIT)
    row = await rig.submit()
    async with asyncio.timeout(20):
        while not rig.calls(SUBMIT):
            await asyncio.sleep(0.01)
    rig.callers.said["blog"] = None
    done = await rig.until(row.id)
    assert (done.state, rig.committed("publication")) == (State.SUCCEEDED, 1)


async def test_who_retries_answers_for_it_from_then_on(rig: Rig) -> None:
    rig.callers.said["blog"] = None
    row = await rig.submit()
    await stopped(rig, row.id)
    rig.callers.said["boss"] = caller("boss", accounts=["second"], scopes=["admin"])
    await rig.jobs.retry(row.id, None, by="boss")
    done = await rig.until(row.id)
    assert (done.state, rig.committed("publication")) == (State.SUCCEEDED, 1)
    assert {entry["actor"] for entry in await noted(rig.database)} == {"client:boss"}
