"""What people do to batches; of single jobs in test_service.py."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from accounts.clients import Client, Scope
from accounts.edits import Editor
from jobs import family
from jobs.announce import Announce
from jobs.batch import Batch, Policy
from jobs.intake import Handed
from jobs.lateness import LatePolicy
from jobs.states import State
from jobs.steering import JobEnded, NotRetryable
from store import children
from store import files as kept_files
from store import jobs as job_rows
from store.engine import Database
from store.jobs import JobHead, JobRow
from tests.jobs.batches import article
from tests.jobs.office import Office
from tests.jobs.rig import Rig
from tests.jobs.test_family import TOO_LONG, titled

EDITOR = Editor("client:boss", "req_1", "192.0.2.1")
BOSS = Client(
    id="boss",
    key=SecretStr("wxg_boss_0123456789abcdefghijklmnop"),
    accounts=("main",),
    scopes=frozenset({Scope.PUBLISH}),
)


async def hand_in(office: Office, items: Sequence[Handed], **policy: object) -> JobRow:
    how = Policy(kind="articles", **{"concurrency": 1, **policy})  # type: ignore[arg-type]
    batch = Batch.of(items, how, now=office.now, client_id="blog", account="main")
    return await office.jobs.submit(batch)


async def end(office: Office, item: JobHead, state: State) -> None:
    """As the engine records it."""
    async with office.database.write() as connection:
        row = await family.lock(connection, item.id)
        assert row is not None
        values = {"state": state, "updated_at": office.now}
        await job_rows.replace(connection, row, values)
        announce = Announce(lambda: office.now)
        await family.settle(connection, row.parent_id, office.now, announce)


async def held(database: Database, batch: JobRow) -> list[bool]:
    async with database.read() as connection:
        return [item.held for item in await children.of_batch(connection, batch.id)]


async def states(office: Office, batch: JobRow) -> list[str]:
    return [item.state for item in await office.jobs.items(batch)]


async def test_cancelling_ends_what_was_not_begun(office: Office) -> None:
    batch = await hand_in(office, [article(str(n)) for n in range(3)])
    assert await held(office.database, batch) == [False, True, True]
    cancelled = await office.jobs.cancel(batch.id, "blog")
    assert cancelled.state == "cancelled"
    assert await states(office, batch) == ["cancelled"] * 3
    with pytest.raises(JobEnded):
        await office.jobs.cancel(batch.id, "blog")


async def test_what_is_at_wechat_ends_as_it_will_and_the_batch_then(office: Office) -> None:
    items = [article(str(n), action="publish") for n in range(2)]
    batch = await hand_in(office, items)
    first, _ = await office.jobs.items(batch)
    await office.intent(job_id=first.id, effect="submit")
    cancelled = await office.jobs.cancel(batch.id, "blog")
    assert cancelled.state == "running"
    assert await states(office, batch) == ["accepted", "cancelled"]
    await end(office, first, State.SUCCEEDED)
    ended = await office.jobs.get(batch.id, "blog")
    assert ended.state == "cancelled"
    assert ended.result == {"cancelled": 1, "succeeded": 1}


async def test_what_was_cancelled_keeps_its_files_for_a_retry(office: Office) -> None:
    row = await office.jobs.submit(article("![](a.png)", files={"a.png": b"x"}))
    await office.jobs.cancel(row.id, "blog")
    assert (await office.jobs.retry(row.id, "blog")).state == "accepted"
    async with office.database.read() as connection:
        assert await kept_files.of_job(connection, row.id) == {"a.png": b"x"}


async def test_a_cancelled_item_lets_the_next_go(office: Office) -> None:
    batch = await hand_in(office, [article(str(n)) for n in range(3)])
    first, *_ = await office.jobs.items(batch)
    await office.jobs.cancel(first.id, "blog")
    assert await held(office.database, batch) == [False, False, True]


async def test_only_what_failed_is_retried(rig: Rig) -> None:
    batch = await rig.batch([titled(title) for title in ("0", TOO_LONG, "2")], concurrency=1)
    await rig.until(batch.id)
    with pytest.raises(NotRetryable):
        await rig.jobs.retry((await rig.items(batch))[0].id, "blog")
    made = rig.committed("draft")
    again = await rig.jobs.retry(batch.id, "blog", by="blog")
    assert (again.state, again.error) == ("running", None)
    ended = await rig.until(batch.id)
    assert ended.state == "partly_failed"
    assert rig.committed("draft") == made
    starts = [item.epoch for item in await rig.items(batch)]
    assert starts[1] > starts[0] == starts[2]


async def test_retrying_after_stop_does_the_rest(office: Office) -> None:
    items = [article(f"![](a.png){n}", files={"a.png": b"x"}) for n in range(3)]
    batch = await hand_in(office, items, on_error="stop")
    first, *_ = await office.jobs.items(batch)
    await end(office, first, State.FAILED)
    assert await states(office, batch) == ["failed", "cancelled", "cancelled"]
    async with office.database.read() as connection:
        for item in await children.of_batch(connection, batch.id):
            assert await kept_files.of_job(connection, item.id) == {"a.png": b"x"}
    again = await office.jobs.retry(batch.id, "blog")
    assert again.state == "running"
    assert await states(office, batch) == ["accepted"] * 3
    assert await held(office.database, batch) == [False, True, True]


async def test_an_item_whose_files_are_gone_stays_failed(office: Office) -> None:
    items = [article("![](a.png)", files={"a.png": b"x"}), article("文字")]
    batch = await hand_in(office, items, concurrency=2)
    for item in await office.jobs.items(batch):
        await end(office, item, State.FAILED)
    async with office.database.write() as connection:
        await kept_files.drop(connection, (await children.of_batch(connection, batch.id))[0].id)
    again = await office.jobs.retry(batch.id, "blog")
    assert again.state == "running"
    gone, going = await office.jobs.items(batch)
    assert (gone.state, (gone.error or {})["code"]) == ("failed", "job_files_gone")
    assert going.state == "accepted"


async def test_what_needs_review_is_not_retried_with_the_others(office: Office) -> None:
    batch = await hand_in(office, [article("文字")])
    (item,) = await office.jobs.items(batch)
    await end(office, item, State.NEEDS_REVIEW)
    with pytest.raises(NotRetryable):
        await office.jobs.retry(batch.id, "blog")
    await office.jobs.retry(item.id, "blog")
    assert (await office.jobs.get(batch.id, "blog")).state == "running"


async def test_a_batch_that_needs_approval_waits_as_a_whole(rig: Rig) -> None:
    items = [article(str(n), action="publish", needs_approval=True) for n in range(3)]
    batch = await rig.batch(items, concurrency=1)
    assert (batch.state, batch.approval) == ("waiting", "pending")
    await asyncio.sleep(0.2)
    assert rig.builder.built == []
    approved = await rig.jobs.approve(batch.id, BOSS, EDITOR)
    assert (approved.state, approved.approval) == ("running", "given")
    ended = await rig.until(batch.id)
    assert ended.state == "succeeded"
    assert rig.committed("publication") == 3


async def test_retrying_by_one_who_needs_approval_waits_for_it(office: Office) -> None:
    batch = await hand_in(office, [article(str(n), action="publish") for n in range(2)])
    for item in await office.jobs.items(batch):
        await end(office, item, State.FAILED)
    again = await office.jobs.retry(batch.id, "blog", by="junior", needs_approval=True)
    assert (again.state, again.approval) == ("waiting", "pending")
    assert await held(office.database, batch) == [True, True]
    await office.jobs.approve(batch.id, BOSS, EDITOR)
    assert await held(office.database, batch) == [False, True]


async def test_what_was_cancelled_before_its_time_waits_for_it_again(office: Office) -> None:
    due = office.now + 3_600
    late = LatePolicy("skip", 60)
    row = await office.jobs.submit(article(action="publish", publish_at=due, late=late))
    await office.jobs.cancel(row.id, "blog")
    again = await office.jobs.retry(row.id, "blog")
    assert (again.state, again.run_at, again.skip_after) == ("scheduled", due, due + 60)
    await office.jobs.cancel(row.id, "blog")
    office.now = due + 1_000
    late_one = await office.jobs.retry(row.id, "blog")
    assert (late_one.state, late_one.run_at, late_one.skip_after) == ("accepted", office.now, None)


async def test_each_item_begins_at_its_own_time_whatever_stands_before_it(office: Office) -> None:
    times = (30 * 86_400, 3_600, None, None)
    at = [None if ahead is None else office.now + ahead for ahead in times]
    batch = await hand_in(office, [article(str(n), publish_at=due) for n, due in enumerate(at)])
    assert await held(office.database, batch) == [False, False, False, True]
    await office.jobs.cancel(batch.id, "blog")
    await office.jobs.retry(batch.id, "blog")
    assert await held(office.database, batch) == [False, False, False, True]
    waiting = [item.run_at for item in await office.jobs.items(batch)]
    assert waiting[:2] == at[:2]


async def test_stopping_ends_what_waits_for_its_time_too(office: Office) -> None:
    items = [article("0"), article("1", publish_at=office.now + 60), article("2")]
    batch = await hand_in(office, items, on_error="stop")
    first, *_ = await office.jobs.items(batch)
    await end(office, first, State.FAILED)
    assert await states(office, batch) == ["failed", "cancelled", "cancelled"]
    assert (await office.jobs.get(batch.id, "blog")).state == "failed"


async def test_an_item_that_is_retried_alone_is_not_stopped_with_its_batch(office: Office) -> None:
    ahead = [article(str(n), publish_at=office.now + 60) for n in range(2)]
    batch = await hand_in(office, ahead)
    await office.jobs.cancel(batch.id, "blog")
    first, _ = await office.jobs.items(batch)
    await office.jobs.retry(first.id, "blog")
    assert await states(office, batch) == ["scheduled", "cancelled"]
    assert (await office.jobs.get(batch.id, "blog")).state == "scheduled"
    await office.jobs.cancel(batch.id, "blog")
    assert await states(office, batch) == ["cancelled", "cancelled"]
