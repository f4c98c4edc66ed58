"""What somebody published in WeChat's console, of accounts that may not publish by the API."""

from typing import Any

import pytest

from core.ids import new_id
from jobs.announce import Announce
from jobs.by_hand import PublishedByHand
from jobs.states import State
from store import deliveries, events, webhooks
from store.events import EventRow
from store.jobs import JobHead
from tests.jobs.rig import Rig
from tests.store.test_webhooks import webhook_row
from wechat.draft import DraftClient
from wechat.pushed import PUBLISHED

ARTICLE = {"count": "1", "item": {"idx": "1", "article_url": "https://mp.weixin.qq.com/s/x"}}
GET = "/cgi-bin/draft/get"


def by_hand(rig: Rig) -> PublishedByHand:
    drafts, announce = DraftClient(rig.gateway.calls), Announce(rig.context.clock)
    changes = rig.context.changes
    return PublishedByHand(rig.database, drafts, announce, changes, clock=rig.context.clock)


async def ready(rig: Rig, text: str = "正文") -> JobHead:
    row = await rig.until((await rig.submit(text, account="personal")).id)
    assert (row.result or {})["mode"] == "draft_ready"
    return row


async def leaves_the_box(rig: Rig, row: JobHead) -> None:
    await DraftClient(rig.gateway.calls).delete("personal", (row.result or {})["media_id"])


async def pushed(rig: Rig, status: int = 0, **changes: Any) -> None:
    info = {
        "publish_id": "9",
        "publish_status": status,
        "article_id": "A",
        "article_detail": ARTICLE,
    }
    values: dict[str, Any] = {"sealed": True, "subject": "9", **changes}
    row = EventRow(
        id=new_id("evt"),
        account="personal",
        dedupe_key=new_id("key"),
        type=PUBLISHED,
        body={"PublishEventInfo": info},
        received_at=rig.context.clock(),
        **values,
    )
    async with rig.database.write() as connection:
        await events.put(connection, row)


async def result(rig: Rig, row: JobHead) -> dict[str, Any]:
    return (await rig.jobs.get(row.id, None)).result or {}


async def test_the_one_draft_that_left_the_box_is_told_with_the_article(rig: Rig) -> None:
    taken, left = await ready(rig, "甲"), await ready(rig, "乙")
    async with rig.database.write() as connection:
        await webhooks.insert(connection, webhook_row("w", accounts=[], events=["job.*"]))
    await leaves_the_box(rig, taken)
    await pushed(rig)
    await by_hand(rig).look()
    told = await result(rig, taken)
    assert told["left_box"] == {"article_id": "A", "url": "https://mp.weixin.qq.com/s/x"}
    assert (told["mode"], "next_steps" in told) == ("draft_ready", False)
    assert "left_box" not in await result(rig, left)
    assert (await rig.jobs.get(taken.id, None)).state == State.SUCCEEDED
    async with rig.database.read() as connection:
        event = await events.about(connection, "personal", PUBLISHED, "9")
        (delivery,) = await deliveries.page(connection, "w", state=None, before=None, limit=9)
    assert event is not None
    assert event.job_id == taken.id
    assert delivery.body["data"]["result"]["left_box"]["article_id"] == "A"


async def test_where_two_have_left_nobody_can_tell_which(rig: Rig) -> None:
    jobs = [await ready(rig, text) for text in "甲乙"]
    for row in jobs:
        await leaves_the_box(rig, row)
    await pushed(rig)
    await by_hand(rig).look()
    assert ["left_box" in await result(rig, row) for row in jobs] == [False, False]


@pytest.mark.parametrize("change", [{"status": 3}, {"sealed": False}, {"job_id": "job_other"}])
async def test_a_failure_a_forgery_and_another_jobs_event_tell_nothing(
    rig: Rig, change: dict[str, Any]
) -> None:
    row = await ready(rig)
    await leaves_the_box(rig, row)
    await pushed(rig, **change)
    await by_hand(rig).look()
    assert "left_box" not in await result(rig, row)


async def test_an_event_is_asked_about_once_unless_wechat_did_not_answer(rig: Rig) -> None:
    row = await ready(rig)
    await pushed(rig)
    looks, before = by_hand(rig), rig.calls(GET)
    for _ in range(2):
        await looks.look()
    assert rig.calls(GET) == before + 1
    await leaves_the_box(rig, row)
    await looks.look()
    assert "left_box" not in await result(rig, row)  # that event was about something else
    await by_hand(rig).look()  # as after a restart
    assert "left_box" in await result(rig, row)
