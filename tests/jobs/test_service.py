import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jobs.intake import IdempotencyMismatch
from jobs.service import JobUnknown
from jobs.states import State
from jobs.steering import FilesGone, JobEnded, JobRunning, NotRetryable
from store import files as kept_files
from store import intents, job_lists, jobs
from store.intents import Outcome
from store.job_lists import JobFilter
from store.jobs import JobRow, Lease
from tests.jobs.office import Office, article
from tests.store.rows import intent_row


async def test_an_article_is_kept_with_its_files(office: Office) -> None:
    row = await office.jobs.submit(article(files={"a.png": b"x"}, action="publish"))
    async with office.database.read() as connection:
        assert await jobs.get(connection, row.id) == row
    assert (row.state, row.run_at, row.created_at) == (State.ACCEPTED, 1_000, 1_000)
    assert (row.action, row.payload) == ("publish", {"fields": {"markdown": "正文"}, "files": 1})
    assert office.woken == 1
    async with office.database.read() as connection:
        assert await kept_files.of_job(connection, row.id) == {"a.png": b"x"}


@pytest.mark.parametrize(
    ("at", "state", "run_at"),
    [(2_000.0, State.SCHEDULED, 2_000), (999.0, State.ACCEPTED, 1_000)],
)
async def test_a_time_in_the_future_schedules(
    office: Office, at: float, state: State, run_at: float
) -> None:
    row = await office.jobs.submit(article(publish_at=at))
    assert (row.state, row.run_at) == (state, run_at)


async def test_fifty_posts_with_one_key_make_one_job(office: Office) -> None:
    made = await asyncio.gather(
        *(office.jobs.submit(article(idempotency_key="k")) for _ in range(50))
    )
    assert len({row.id for row in made}) == 1
    async with office.database.read() as connection:
        assert len(await job_lists.page(connection, JobFilter(), before=None, limit=100)) == 1


CHANGES: list[dict[str, Any]] = [
    {"text": "另一篇"},
    {"account": "second"},
    {"action": "publish"},
    {"publish_at": 5_000.0},
    {"files": {"a": b"1"}},
]


@pytest.mark.parametrize("change", CHANGES)
async def test_the_same_key_for_something_else_is_refused(
    office: Office, change: dict[str, Any]
) -> None:
    await office.jobs.submit(article(idempotency_key="k"))
    with pytest.raises(IdempotencyMismatch):
        await office.jobs.submit(article(idempotency_key="k", **change))


async def test_the_same_key_of_another_client_is_another_key(office: Office) -> None:
    first = await office.jobs.submit(article(idempotency_key="k"))
    other = await office.jobs.submit(article(idempotency_key="k", client_id="other"))
    assert first.id != other.id


async def test_a_repeated_key_gives_the_job_as_it_is_now(office: Office) -> None:
    first = await office.jobs.submit(article(idempotency_key="k"))
    await office.jobs.cancel(first.id, "blog")
    again = await office.jobs.submit(article(idempotency_key="k"))
    assert (again.id, again.state) == (first.id, State.CANCELLED)


async def test_other_clients_jobs_do_not_exist(office: Office) -> None:
    row = await office.put()
    for act in (office.jobs.get, office.jobs.cancel, office.jobs.retry):
        call: Callable[[str, str | None], Any] = act
        with pytest.raises(JobUnknown):
            await call(row.id, "other")
    assert (await office.jobs.get(row.id, None)).id == row.id
    with pytest.raises(JobUnknown):
        await office.jobs.get("job_none", None)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SCHEDULED, State.WAITING, State.RUNNING])
async def test_a_job_that_nobody_holds_is_cancelled_at_once(office: Office, state: State) -> None:
    row = await office.put(state=state, checkpoint={"result": {"media_id": "m"}})
    row = await office.jobs.cancel(row.id, "blog")
    assert (row.state, row.result, row.epoch) == (State.CANCELLED, {"media_id": "m"}, 1)


async def test_a_job_in_hand_is_asked_to_stop(office: Office) -> None:
    row = await office.put(state="running", lease_owner="me", lease_until=2_000.0, epoch=3)
    row = await office.jobs.cancel(row.id, "blog")
    assert (row.state, row.cancel_requested, row.epoch) == (State.RUNNING, True, 3)


@pytest.mark.parametrize("outcome", [None, "answered", "adopted"])
@pytest.mark.parametrize(("action", "effect"), [("publish", "submit"), ("draft", "draft")])
async def test_it_is_too_late_to_cancel_what_wechat_may_have(
    office: Office, action: str, effect: str, outcome: Outcome | None
) -> None:
    row = await office.put(action=action, state="running")
    await office.intent(effect=effect, outcome=outcome)
    with pytest.raises(JobRunning):
        await office.jobs.cancel(row.id, "blog")


async def test_the_draft_of_a_job_that_publishes_can_still_be_cancelled(office: Office) -> None:
    row = await office.put(state="waiting")
    await office.intent(effect="draft", outcome="answered")
    await office.intent(effect="submit", outcome="not_sent")
    assert (await office.jobs.cancel(row.id, "blog")).state == State.CANCELLED


async def test_what_is_over_cannot_be_cancelled(office: Office) -> None:
    row = await office.put(state="succeeded")
    with pytest.raises(JobEnded):
        await office.jobs.cancel(row.id, "blog")


async def test_cancel_or_send_but_never_both(office: Office) -> None:
    """The race between a cancel and the intent, decided by the row's lock."""
    for number in range(20):
        row = await office.put(job_id=f"job_{number:02}", run_at=10.0)
        async with office.database.write() as connection:
            (held,) = await jobs.claim(
                connection, Lease(owner="me", now=1_000, until=1_030), limit=1
            )

        async def send(held: JobRow = held) -> bool:
            async with office.database.write() as connection:
                until = {"now": 1_000.0, "lease_until": 1_030.0}
                if not await jobs.hold(connection, held.id, held.epoch, **until):
                    return False
                await intents.insert(connection, intent_row(held.id, effect="submit"))
                return True

        async def cancel(row: JobRow = row) -> bool:
            try:
                await office.jobs.cancel(row.id, None)
            except JobRunning:
                return False
            return True

        both = (send(), cancel()) if number % 2 else (cancel(), send())
        assert sorted(await asyncio.gather(*both)) == [False, True]


@pytest.mark.parametrize("state", [State.FAILED, State.NEEDS_REVIEW, State.CANCELLED])
async def test_a_job_without_success_goes_on_where_it_was(office: Office, state: State) -> None:
    kept = {"article": {"title": "t"}, "media_id": "m"}
    checkpoint = {**kept, "retries": {"since": 1, "count": 9}, "submitted_at": 5}
    row = await office.put(
        state=state, checkpoint=checkpoint, error={"code": "x"}, attempts=9, cancel_requested=True
    )
    row = await office.jobs.retry(row.id, "blog")
    assert (row.state, row.run_at, row.error, row.attempts) == (State.ACCEPTED, 1_000, None, 0)
    assert (row.checkpoint, row.cancel_requested) == (kept, False)
    assert office.woken == 1


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.RUNNING, State.SCHEDULED])
async def test_only_a_job_without_success_is_retried(office: Office, state: State) -> None:
    row = await office.put(state=state)
    with pytest.raises(NotRetryable):
        await office.jobs.retry(row.id, "blog")


async def test_without_its_files_an_article_cannot_be_built_again(office: Office) -> None:
    row = await office.put(state="failed", action="draft", payload={"files": 1})
    with pytest.raises(FilesGone):
        await office.jobs.retry(row.id, "blog")
    async with office.database.write() as connection:
        (sha256,) = await kept_files.keep(connection, "blog", [b"1"], now=0)
        await kept_files.name(connection, "blog", row.id, {"a": sha256})
    assert (await office.jobs.retry(row.id, "blog")).state == State.ACCEPTED


async def test_events_tell_each_change_until_the_end(office: Office) -> None:
    row = await office.put()
    seen: list[tuple[int, str]] = []

    async def follow() -> None:
        async for event in office.jobs.events(row.id, "blog"):
            assert event is not None
            seen.append((event.version, event.state))

    following = asyncio.ensure_future(follow())
    while not seen:
        await asyncio.sleep(0.01)
    await office.jobs.cancel(row.id, "blog")
    await following
    assert seen == [(1, "accepted"), (2, "cancelled")]


async def test_events_go_on_after_the_last_one_seen(office: Office) -> None:
    row = await office.put(state="succeeded", version=7)
    assert [event async for event in office.jobs.events(row.id, "blog", after=7)] == []
    (event,) = [event async for event in office.jobs.events(row.id, "blog", after=6)]
    assert event is not None
    assert event.version == 7


async def test_waiting_ends_with_the_job_or_with_patience(office: Office) -> None:
    row = await office.put()
    assert (await office.jobs.wait(row, 0.05)).state == State.ACCEPTED
    waiting = asyncio.ensure_future(office.jobs.wait(row, 30))
    await asyncio.sleep(0.05)
    await office.jobs.cancel(row.id, "blog")
    assert (await waiting).state == State.CANCELLED


async def test_so_many_calls_of_a_client_wait_and_no_more(office: Office) -> None:
    office = Office(office.database, max_waiters=2)
    mine, other = await office.put(), await office.put(job_id="job_2", client_id="other")
    held = [asyncio.ensure_future(office.jobs.wait(mine, 30)) for _ in range(2)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(office.jobs.wait(mine, 3_600), 30) is mine
    others = asyncio.ensure_future(office.jobs.wait(other, 30))
    await office.jobs.cancel(mine.id, "blog")
    assert [(await one).state for one in held] == [State.CANCELLED] * 2
    assert not others.done()
    await office.jobs.cancel(other.id, "other")
    assert (await others).state == State.CANCELLED
    assert not office.jobs._waiters


async def test_who_stops_tells_the_job_as_it_is(office: Office) -> None:
    row = await office.put()
    waiting = asyncio.ensure_future(office.jobs.wait(row, 30))
    following = asyncio.ensure_future(_told(office, row.id))
    await asyncio.sleep(0.05)
    office.changes.end()
    assert (await waiting).state == State.ACCEPTED
    assert await following == [row.version]
    assert (await office.jobs.wait(row, 30)).version == row.version


async def _told(office: Office, job_id: str) -> list[int]:
    return [seen.version async for seen in office.jobs.events(job_id, "blog") if seen]


async def test_what_was_lost_and_sent_again_in_vain_is_too_late_to_cancel(office: Office) -> None:
    await office.put(state="waiting")
    await office.intent(effect="submit", attempt=1, outcome="absent")
    await office.intent(effect="submit", attempt=2, outcome="not_sent")
    with pytest.raises(JobRunning):
        await office.jobs.cancel("job_1", "blog")
