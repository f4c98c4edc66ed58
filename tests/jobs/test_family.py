"""Batches at work: the real engine, a real WeChat of the sandbox, both kinds of store."""

import asyncio

from content.fields import DraftFields
from jobs import family
from jobs.announce import Announce
from jobs.draft_publication import DraftPublication
from jobs.states import State
from jobs.submission import Submission
from store import jobs as job_rows
from store.jobs import JobRow
from tests.jobs.batches import article, deletion, tagging
from tests.jobs.office import Office
from tests.jobs.rig import ADD, Rig
from wechat.call import NotSent
from wechat.errcodes import DAILY_QUOTA

TOO_LONG = "长" * 200  # WeChat refuses the draft
DELETE = "/cgi-bin/draft/delete"


def titled(title: str) -> Submission:
    fields = DraftFields(markdown=title, title=title)
    return Submission(client_id="blog", account="main", fields=fields)


async def states(rig: Rig, batch: JobRow) -> list[str]:
    return [item.state for item in await rig.items(batch)]


async def test_all_items_are_done_in_their_order_and_counted(rig: Rig) -> None:
    batch = await rig.batch([titled(str(n)) for n in range(5)], concurrency=1)
    ended = await rig.until(batch.id)
    assert (ended.state, ended.error) == ("succeeded", None)
    assert ended.progress == {"done": 5, "total": 5, "failed": 0}
    assert ended.result == {"succeeded": 5}
    made = [entry.data["titles"] for entry in rig.sandbox.ledger.entries("draft")]
    assert made == [[str(n)] for n in range(5)]


async def test_no_more_items_are_let_go_than_it_may_work_on_at_once(rig: Rig) -> None:
    at_work, most = 0, 0

    async def building() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0.05)
        at_work -= 1

    rig.builder.before = building
    batch = await rig.batch([article(str(n)) for n in range(8)], concurrency=2)
    await rig.until(batch.id)
    assert most == 2


async def test_one_that_fails_does_not_keep_the_others_from_going_on(rig: Rig) -> None:
    batch = await rig.batch([titled(title) for title in ("0", TOO_LONG, "2", "3")], concurrency=1)
    ended = await rig.until(batch.id)
    assert ended.state == "partly_failed"
    assert await states(rig, ended) == ["succeeded", "failed", "succeeded", "succeeded"]
    assert ended.progress == {"done": 4, "total": 4, "failed": 1}
    assert ended.error is not None
    assert ended.error["code"] == "batch_items_failed"


async def test_one_that_fails_ends_those_not_begun_if_the_caller_wants_it(rig: Rig) -> None:
    items = [titled(title) for title in ("0", TOO_LONG, "2", "3", "4")]
    batch = await rig.batch(items, concurrency=1, on_error="stop")
    ended = await rig.until(batch.id)
    assert ended.state == "partly_failed"
    assert await states(rig, ended) == ["succeeded", "failed", *["cancelled"] * 3]
    assert rig.committed("draft") == 1


async def test_one_that_waits_gives_its_place_to_the_next(rig: Rig) -> None:
    async def unreachable() -> None:
        rig.builder.before = None
        raise NotSent(reason="nobody there")

    rig.builder.before = unreachable
    batch = await rig.batch([titled(str(n)) for n in range(4)], concurrency=1)
    waiting = await rig.until(batch.id, State.WAITING)
    assert await states(rig, waiting) == ["waiting", "succeeded", "succeeded", "succeeded"]
    assert waiting.progress == {"done": 3, "total": 4, "failed": 0}
    rig.ahead(60)
    assert (await rig.until(batch.id)).state == "succeeded"


async def test_a_spent_quota_leaves_all_of_them_waiting_for_midnight(rig: Rig) -> None:
    rig.fault("errcode", ADD, errcode=DAILY_QUOTA)
    batch = await rig.batch([titled(str(n)) for n in range(4)], concurrency=1)
    waiting = await rig.until(batch.id, State.WAITING)
    assert await states(rig, waiting) == ["waiting"] * 4
    assert rig.calls(ADD) == 1
    rig.ahead(86_400 + 600)
    assert (await rig.until(batch.id)).state == "succeeded"


async def test_nothing_that_is_over_needs_an_engine(rig: Rig) -> None:
    batch = await rig.batch([tagging(f"m{n}", "tag") for n in range(3)])
    ended = await rig.until(batch.id)
    assert ended.state == "succeeded"
    assert ended.attempts == 0  # nobody ever claimed it
    assert ended.lease_owner is None


async def test_an_item_that_cannot_be_known_about_is_what_the_batch_ends_with(
    office: Office,
) -> None:
    for position, state in enumerate(("succeeded", "failed", "needs_review")):
        await office.put(id=f"job_{position}", parent_id="job_b", position=position, state=state)
    payload = {"kind": "articles", "concurrency": 1, "on_error": "continue", "files": 0}
    await office.put(id="job_b", kind="batch", held=True, payload=payload, state="running")
    async with office.database.write() as connection:
        await family.settle(connection, "job_b", 7.0, Announce(lambda: 7.0))
        batch = await job_rows.get(connection, "job_b")
    assert batch is not None
    assert batch.state == "needs_review"
    assert batch.progress == {"done": 3, "total": 3, "failed": 2}
    assert batch.updated_at == 7.0


async def test_a_deletion_that_is_repeated_is_done(rig: Rig) -> None:
    made = await rig.submit(action="draft")
    media_id = ((await rig.until(made.id)).result or {})["media_id"]
    rig.fault("reset_after_commit", DELETE)
    batch = await rig.batch([deletion(media_id)])
    ended = await rig.until(batch.id)
    assert ended.state == "succeeded"
    assert rig.committed("draft_delete") == 1
    (item,) = await rig.items(ended)
    assert item.result == {"media_id": media_id, "was_there": False}


async def test_a_draft_that_waits_for_its_time_gives_its_place_to_the_next(rig: Rig) -> None:
    made = [await rig.until((await rig.submit(text, action="draft")).id) for text in "一二"]
    times = (rig.time() + 3_600, rig.time() + 1)
    items = [
        DraftPublication(
            client_id="blog", account="main", media_id=(row.result or {})["media_id"], publish_at=at
        )
        for row, at in zip(made, times, strict=True)
    ]
    batch = await rig.batch(items, kind="drafts.publish", concurrency=1)
    _, sooner = await rig.items(batch)
    assert (await rig.until(sooner.id)).state == "succeeded"
