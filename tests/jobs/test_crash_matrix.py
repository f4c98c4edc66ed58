import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from content.fields import DraftFields
from jobs import crash_points
from jobs.draft_publication import DraftPublication
from jobs.states import State
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from store.engine import Database
from tests.forked import Forked
from tests.jobs.crash_child import work_on
from tests.jobs.rig import ADD, SUBMIT, Work, open_work
from tests.jobs.test_mass import MASS, approved

pytestmark = pytest.mark.slow


@pytest.fixture
async def work(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Work]:
    """The way to hand in and look; the engine that works is in another process."""
    async with open_work(database, sandbox.url, tmp_path) as opened:
        yield opened


@dataclass
class Processes:
    """Starts processes that work on one job."""

    database_url: str
    data_dir: Path
    wechat: str
    ahead_s: float = 0.0  # of their clocks

    def start(self, job_id: str, *crash: str) -> Forked:
        """One more, which sends itself a signal at a crash point."""
        given = self.database_url, self.data_dir, self.wechat, self.ahead_s, job_id
        return Forked(work_on, *given, *crash, stdout=Path(os.devnull))

    async def run(self, job_id: str, *crash: str) -> int:
        """One more, to its end; its status."""
        return await asyncio.wait_for(self.start(job_id, *crash).wait(), 60)


@pytest.fixture
def processes(database_url: str, tmp_path: Path, sandbox: RunningSandbox) -> Processes:
    return Processes(database_url, tmp_path, sandbox.url)


@pytest.mark.parametrize("point", crash_points.ALL)
async def test_a_process_killed_anywhere_neither_loses_nor_doubles_the_article(
    work: Work, processes: Processes, sandbox: RunningSandbox, point: str
) -> None:
    row = await work.submit()
    status = await processes.run(row.id, point, "SIGKILL")
    assert status == -signal.SIGKILL, "the crash point was not passed"
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    if point == "submit.intent.after":
        # It may have been sent: that is never repeated but by a person's order.
        assert (row.state, sandbox.ledger.entries("publication")) == (State.NEEDS_REVIEW, [])
        await work.jobs.retry(row.id, None)
        assert await processes.run(row.id) == 0
        row = await work.get(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    ledger = sandbox.ledger
    assert [len(ledger.entries(kind)) for kind in ("draft", "publication", "article")] == [1, 1, 1]
    assert row.result is not None
    assert row.result["article_id"] == ledger.entries("article")[0].data["article_id"]


@pytest.mark.parametrize("source", [True, False])
@pytest.mark.parametrize("point", crash_points.UPDATE)
async def test_a_draft_written_anew_is_neither_lost_nor_doubled(
    work: Work, processes: Processes, sandbox: RunningSandbox, point: str, *, source: bool
) -> None:
    """Of two articles, so that the process dies between them too."""
    fields = {"articles": [{"title": "上", "markdown": "一"}, {"title": "下", "markdown": "二"}]}
    how: dict[str, Any] = {"source_id": "a.md"} if source else {}
    first = await work.submit(fields=DraftFields.model_validate(fields), action="draft", **how)
    assert await processes.run(first.id) == 0
    media_id = ((await work.get(first.id)).result or {})["media_id"]
    fields["articles"][1]["markdown"] = "三"
    how = how or {"update": media_id}
    row = await work.submit(fields=DraftFields.model_validate(fields), **how)
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    assert (row.result or {})["media_id"] == media_id
    ledger = sandbox.ledger
    assert [len(ledger.entries(kind)) for kind in ("draft", "publication", "article")] == [1, 1, 1]


@pytest.mark.parametrize("point", ["draft.intent.before", "sent:" + ADD, "draft.record"])
async def test_a_new_source_killed_anywhere_becomes_one_draft(
    work: Work, processes: Processes, sandbox: RunningSandbox, point: str
) -> None:
    row = await work.submit("一", action="draft", source_id="a.md")
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    assert await processes.run(row.id) == 0
    again = await work.submit("二", action="draft", source_id="a.md")
    assert await processes.run(again.id) == 0
    media_ids = {((await work.get(each.id)).result or {})["media_id"] for each in (row, again)}
    assert len(media_ids) == len(sandbox.ledger.entries("draft")) == 1


@pytest.mark.parametrize("point", [each for each in crash_points.ALL if "draft" not in each])
async def test_a_draft_given_to_be_published_is_neither_lost_nor_doubled(
    work: Work, processes: Processes, sandbox: RunningSandbox, point: str
) -> None:
    made = await work.submit(action="draft")
    assert await processes.run(made.id) == 0
    media_id = ((await work.get(made.id)).result or {})["media_id"]
    asked = DraftPublication(client_id="blog", account="main", media_id=media_id)
    row = await work.jobs.submit(asked)
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    lost = point == "submit.intent.after"
    assert row.state == (State.NEEDS_REVIEW if lost else State.SUCCEEDED)
    assert len(sandbox.ledger.entries("publication")) == (0 if lost else 1)


@pytest.mark.parametrize("point", crash_points.MASS)
async def test_a_mass_send_is_neither_lost_nor_doubled(
    work: Work, processes: Processes, sandbox: RunningSandbox, point: str
) -> None:
    """Where the answer is lost it is sent again: WeChat knows it by the job's id."""
    row = await approved(work, await work.submit(**MASS))
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    processes.ahead_s = sandbox.world.clock.ahead_s = 66.0  # WeChat wants a minute in between
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    ledger = sandbox.ledger
    assert [len(ledger.entries(kind)) for kind in ("draft", "mass", "article")] == [1, 1, 0]
    assert (row.result or {})["msg_id"] == str(ledger.entries("mass")[0].data["msg_id"])


NEWSPIC = {"title": "图", "markdown": "第一行 1 < 2", "article_type": "newspic"}
KINDS = {
    "several": {"articles": [{"title": "上", "markdown": "正文"}, NEWSPIC]},
    "newspic": NEWSPIC,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", ["sent:" + ADD, "draft.answer", "sent:" + SUBMIT, "finish"])
async def test_other_kinds_of_draft_are_neither_lost_nor_doubled(
    work: Work, processes: Processes, sandbox: RunningSandbox, kind: str, point: str
) -> None:
    row = await work.submit(fields=DraftFields.model_validate(KINDS[kind]))
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)
    ledger = sandbox.ledger
    assert [len(ledger.entries(kind)) for kind in ("draft", "publication", "article")] == [1, 1, 1]
    (draft,) = ledger.entries("draft")
    assert draft.data["titles"] == (["上", "图"] if kind == "several" else ["图"])
    assert row.result is not None
    assert len(row.result.get("urls", [1])) == len(draft.data["titles"])


@pytest.mark.parametrize(
    ("kind", "published"), [("reset_before_read", 0), ("reset_after_commit", 1), ("html502", 0)]
)
async def test_a_kill_on_top_of_a_lost_answer_does_not_double_it_either(
    work: Work, processes: Processes, sandbox: RunningSandbox, kind: str, published: int
) -> None:
    sandbox.faults.add(Fault.model_validate({"kind": kind, "path": SUBMIT}))
    row = await work.submit()
    point = crash_points.sent(SUBMIT)
    assert await processes.run(row.id, point, "SIGKILL") == -signal.SIGKILL
    assert await processes.run(row.id) == 0
    row = await work.get(row.id)
    assert row.state == (State.SUCCEEDED if published else State.NEEDS_REVIEW)
    assert len(sandbox.ledger.entries("publication")) == published


async def _is_stopped(pid: int) -> None:
    async with asyncio.timeout(60):
        while True:
            stat = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2]
            if stat.startswith("T"):
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("point", "state", "published"),
    [
        ("claim.after", State.SUCCEEDED, 1),
        ("submit.intent.before", State.SUCCEEDED, 1),
        # It may be about to send: only a person can know.
        ("submit.intent.after", State.NEEDS_REVIEW, 0),
        ("submit.answer", State.SUCCEEDED, 1),
    ],
)
async def test_a_process_that_wakes_after_its_lease_sends_nothing_more(
    work: Work,
    processes: Processes,
    sandbox: RunningSandbox,
    point: str,
    state: State,
    published: int,
) -> None:
    row = await work.submit()
    paused = processes.start(row.id, point, "SIGSTOP")
    await _is_stopped(paused.pid)
    assert await processes.run(row.id) == 0
    paused.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(paused.wait(), 60) == 0
    row = await work.get(row.id)
    assert row.state == state
    assert len(sandbox.ledger.entries("publication")) == published


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_four_processes_share_the_jobs_and_none_is_done_twice(
    work: Work, processes: Processes, sandbox: RunningSandbox
) -> None:
    rows = [await work.submit(f"文 {number}", action="draft") for number in range(24)]
    last = rows[-1].id
    started = [processes.start(last) for _ in range(4)]
    for process in started:
        assert await asyncio.wait_for(process.wait(), 60) == 0
    async with work.engine:  # what a process left when the last job was over
        for row in rows:
            assert (await work.until(row.id)).state == State.SUCCEEDED
    assert len(sandbox.ledger.entries("draft")) == len(rows)
