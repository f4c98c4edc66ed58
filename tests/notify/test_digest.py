import asyncio

import pytest

from notify.digest import digest_words
from store.engine import Database
from tests.notify.desk import Desk
from tests.store.test_notifications import notification_row


def test_the_worst_comes_first_and_the_newest_are_shown() -> None:
    tally = [("job.failed", "error", "main", 40), ("disk.full", "critical", None, 1)]
    data = {"data": {"key": "gate", "over": True}}
    ended = notification_row(event="disk.full", content=data, created_at=1_794_971_200.0)
    assert "11:06 已解除：磁盘已满" in digest_words(tally, [ended], "zh", "Asia/Shanghai").text
    shown = [
        notification_row(
            event="job.failed",
            account="main",
            content={"data": {"title": "标题"}},
            created_at=1_794_971_200.0,
        )
    ]
    zh = digest_words(tally, shown, "zh", "Asia/Shanghai")
    assert zh.subject == "41 条通知"
    assert zh.text.splitlines() == [
        "41 条通知",
        "磁盘已满，暂停新任务 × 1",
        "任务失败 × 40",
        "",
        "……（更早的 40 条略）",
        "11-18 11:06 任务失败 main 标题",
    ]
    en = digest_words(tally, shown, "en", "UTC")
    assert en.subject == "41 notifications"
    assert "- 11-18 03:06 job failed main 标题" in en.markdown


def test_titles_write_no_markup_into_a_digest() -> None:
    content = {"data": {"title": "[here](https://evil.test) <b>`x`\n# y"}}
    row = notification_row(event="job.failed", content=content)
    words = digest_words([("job.failed", "error", None, 1)], [row], "zh", "UTC")
    assert "[here]" not in words.markdown
    assert "<b>" not in words.markdown
    assert "`" not in words.markdown
    assert "\n# y" not in words.markdown


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_two_processes_make_one_digest(desk: Desk) -> None:
    for number in range(4):
        await desk.add(text=f"t{number}", hold_until=desk.now + 60)
    desk.now += 60
    made = await asyncio.gather(*(desk.digests.release() for _ in range(4)))
    assert sum(made) == 1
    (digest,) = await desk.all(state="pending")
    assert digest.content["subject"] == "4 条通知"


async def test_one_alone_is_no_digest(desk: Desk) -> None:
    added = await desk.add(hold_until=desk.now + 60)
    desk.now += 60
    await desk.digests.release()
    assert [row.id for row in await desk.all(state="pending")] == [added.id]


async def test_a_digest_of_failures_is_as_quiet_as_they_are(desk: Desk) -> None:
    for number in range(2):
        held = {"event": "notification.dead", "hold_until": desk.now + 60}
        await desk.add("gone", text=f"t{number}", severity="critical", **held)
    desk.now += 60
    await desk.digests.release()
    (digest,) = await desk.all(state="pending")
    assert (digest.event, digest.severity) == ("notification.dead", "critical")
