"""Publications that wait until another client approves; jobs/service.py, store/jobs.py."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from accounts.clients import Client, Scope
from accounts.edits import Editor
from jobs.service import ApprovalByOther, JobUnknown, NotPending
from jobs.states import State
from store import jobs as job_rows
from store.jobs import Lease
from tests.jobs.journals import noted
from tests.jobs.rig import Rig

EDITOR = Editor("client:boss", "req_1", "192.0.2.1")


def client(name: str = "boss", *accounts: str) -> Client:
    return Client(
        id=name,
        key=SecretStr(f"wxg_{name}_0123456789abcdefghijklmnop"),
        accounts=accounts or ("main",),
        scopes=frozenset({Scope.PUBLISH}),
    )


async def claimable(rig: Rig) -> list[Any]:
    """What any engine could take at any time."""
    async with rig.database.write() as connection:
        lease = Lease(owner="x", now=rig.time() + 10**9, until=rig.time() + 10**9)
        return await job_rows.claim(connection, lease, limit=9)


async def test_nothing_happens_before_another_client_approves(rig: Rig) -> None:
    row = await rig.submit(needs_approval=True)
    assert (row.state, row.approval) == ("waiting", "pending")
    rig.engine.wake()
    assert await claimable(rig) == []
    assert rig.builder.built == []
    approved = await rig.jobs.approve(row.id, client(), EDITOR)
    assert approved.approval == "given"
    done = await rig.until(row.id)
    assert (done.state, done.approval) == (State.SUCCEEDED, "given")
    assert rig.committed("publication") == 1
    told = [(entry["action"], entry["actor"]) for entry in await noted(rig.database)]
    assert told == [
        ("publish.approve", "client:boss"),
        ("publish.submit", "client:blog"),
        ("publish.done", "client:blog"),
    ]


async def test_what_was_published_is_in_the_log_with_its_ids(rig: Rig) -> None:
    row = await rig.submit(title="今日头条")
    done = await rig.until(row.id)
    assert done.result is not None
    submitted, published = await noted(rig.database)
    assert submitted["subject"] == published["subject"] == row.id
    assert submitted["account"] == "main"
    assert submitted["detail"] == {
        "title": "今日头条",
        "media_id": done.result["media_id"],
        "publish_id": done.result["publish_id"],
    }
    assert published["detail"] == {"article_id": done.result["article_id"]}


async def test_drafts_need_no_approval_and_are_not_in_the_log(rig: Rig) -> None:
    row = await rig.submit(action="draft")
    assert (await rig.until(row.id)).approval is None
    assert await noted(rig.database) == []


async def test_nobody_approves_their_own_or_for_an_account_of_others(rig: Rig) -> None:
    row = await rig.submit(needs_approval=True)
    with pytest.raises(ApprovalByOther):
        await rig.jobs.approve(row.id, client("blog"), EDITOR)
    with pytest.raises(JobUnknown):
        await rig.jobs.approve(row.id, client("boss", "personal"), EDITOR)
    assert (await rig.get(row.id)).approval == "pending"
    assert await noted(rig.database) == []


async def test_of_two_who_approve_at_once_one_is_told_that_it_is_done(rig: Rig) -> None:
    row = await rig.submit(needs_approval=True)
    results = await asyncio.gather(
        *(rig.jobs.approve(row.id, client(), EDITOR) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["JobRow", *["NotPending"] * 4]
    await rig.until(row.id)
    assert rig.committed("publication") == 1


async def test_a_cancelled_job_cannot_be_approved_and_retried_it_waits_again(rig: Rig) -> None:
    row = await rig.submit(needs_approval=True)
    assert (await rig.jobs.cancel(row.id, "blog")).state == State.CANCELLED
    with pytest.raises(NotPending):
        await rig.jobs.approve(row.id, client(), EDITOR)
    again = await rig.jobs.retry(row.id, "blog")
    assert (again.state, again.approval) == (State.WAITING, "pending")
    assert await claimable(rig) == []
    await rig.jobs.approve(row.id, client(), EDITOR)
    assert (await rig.until(row.id)).state == State.SUCCEEDED


async def test_an_approved_job_keeps_its_time(rig: Rig) -> None:
    later = rig.time() + 3_600
    row = await rig.submit(needs_approval=True, publish_at=later)
    approved = await rig.jobs.approve(row.id, client(), EDITOR)
    assert (approved.state, approved.run_at) == (State.SCHEDULED, later)
