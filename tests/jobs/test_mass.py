import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from accounts.edits import Editor
from core.ids import new_id
from jobs import crash_points
from jobs.lateness import LatePolicy
from jobs.states import State
from sandbox.server import RunningSandbox
from store import events
from store.engine import Database
from store.events import EventRow
from store.jobs import JobRow
from tests.jobs.callers import caller
from tests.jobs.journals import noted
from tests.jobs.rig import Rig, Work, open_rig
from tests.jobs.test_draft_publish import a_draft, publish
from wechat.mass import SENDALL

TO_ALL = {"to_all": True, "tag_id": None, "send_ignore_reprint": False}
MASS: dict[str, Any] = {"action": "mass_send", "mass": TO_ALL, "needs_approval": True}
EDITOR = Editor("client:boss", "req_1", "192.0.2.1")


@pytest.fixture
async def rig(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(database, sandbox, tmp_path) as opened:
        for name in ("blog", "boss"):
            scopes = ["draft", "publish", "mass"]
            opened.callers.said[name] = caller(name, scopes=scopes)
        yield opened


async def approved(rig: Work, row: JobRow) -> JobRow:
    boss = rig.callers("boss")
    assert boss is not None
    return await rig.jobs.approve(row.id, boss, EDITOR)


async def sent(rig: Rig, **values: Any) -> JobRow:
    return await approved(rig, await rig.submit(**{**MASS, **values}))


async def test_an_article_is_sent_to_followers_once_somebody_else_approved(rig: Rig) -> None:
    row = await rig.submit(**MASS)
    assert (row.state, row.approval) == (State.WAITING, "pending")
    assert rig.committed("mass") == 0
    await approved(rig, row)
    row = await rig.until(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    (entry,) = rig.sandbox.ledger.entries("mass")
    assert row.result is not None
    assert (row.result["mode"], row.result["msg_id"]) == ("mass_sent", str(entry.data["msg_id"]))
    assert entry.data["clientmsgid"] == row.id
    assert rig.committed("publication") == 0
    assert [each["action"] for each in await noted(rig.database)] == [
        "publish.approve",
        "mass.send",
    ]


async def test_a_draft_in_the_box_can_be_sent(rig: Rig) -> None:
    media_id = await a_draft(rig)
    row = await approved(rig, await publish(rig, media_id, **MASS))
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.committed("mass") == 1


@pytest.mark.parametrize("of", ["an article", "a draft"])
async def test_it_is_sent_at_its_time_and_not_before(rig: Rig, of: str) -> None:
    at = rig.time() + 3_600
    if of == "a draft":
        row = await approved(rig, await publish(rig, await a_draft(rig), **MASS, publish_at=at))
    else:
        row = await sent(rig, publish_at=at)
    row = await rig.until(row.id, State.SCHEDULED)
    while row.run_at != at:  # that of a draft begins at once, to see it as it is
        row = await rig.get(row.id)
    assert rig.calls(SENDALL) == 0
    rig.ahead(3_601)
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.committed("mass") == 1


async def test_approved_too_late_it_is_not_sent_where_that_was_said(rig: Rig) -> None:
    late = LatePolicy("skip", 60)
    row = await rig.submit(**MASS, publish_at=rig.time() + 3_600, late=late)
    rig.ahead(3_700)
    row = await rig.until((await approved(rig, row)).id)
    assert (row.state, (row.error or {})["code"]) == (State.FAILED, "publish_too_late")
    assert rig.calls(SENDALL) == 0


@pytest.mark.parametrize("kind", ["reset_after_commit", "stall", "html502", "garbage"])
async def test_a_lost_answer_is_asked_for_by_the_same_id(rig: Rig, kind: str) -> None:
    rig.fault(kind, SENDALL, seconds=3)
    row = await sent(rig)
    while not rig.calls(SENDALL):
        await rig.until(row.id, *State, timeout_s=5)
    row = await rig.until(row.id, State.RUNNING)
    while row.lease_owner is not None or row.run_at < rig.time() + 30:
        row = await rig.get(row.id)
    rig.ahead(66)
    row = await rig.until(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    assert rig.committed("mass") == 1


async def test_who_may_not_send_or_has_no_send_left_is_told_so(rig: Rig) -> None:
    refused = await rig.until((await sent(rig, account="personal")).id)
    assert (refused.error or {})["upstream"]["errcode"] == 48001
    await rig.until((await sent(rig, text="一")).id)
    spent = await rig.until((await sent(rig, text="二")).id)
    assert spent.state == State.FAILED
    assert (spent.error or {})["upstream"]["errcode"] == 45028
    assert "群发" in (spent.error or {})["hint"]["zh"]


async def test_without_the_scope_nothing_is_sent(rig: Rig) -> None:
    rig.callers.said["blog"] = caller()
    row = await rig.until((await sent(rig)).id)
    assert (row.state, (row.error or {})["code"]) == (State.NEEDS_REVIEW, "client_gone")
    assert rig.committed("mass") == 0


async def test_what_wechats_event_counted_stands_in_the_result(rig: Rig) -> None:
    body = {"TotalCount": "10", "FilterCount": "9", "SentCount": "8", "ErrorCount": "1"}
    async with rig.database.write() as connection:
        row = EventRow(
            id=new_id("evt"),
            account="main",
            dedupe_key="k",
            type="MASSSENDJOBFINISH",
            subject="1000000001",
            body=body,
            sealed=True,
            received_at=time.time(),
        )
        await events.put(connection, row)
    done = await rig.until((await sent(rig)).id)
    counts = {"total": 10, "filtered": 9, "sent": 8, "failed": 1}
    assert (done.result or {})["counts"] == counts


def test_its_crash_points_are_those_of_any_effect() -> None:
    assert crash_points.MASS[2] == "sent:/cgi-bin/message/mass/sendall"
