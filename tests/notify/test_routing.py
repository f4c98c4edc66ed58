import asyncio
from typing import Any

import pytest

from notify.alerting.care import resolve
from notify.settings import Route
from store import alerts
from store.engine import Database
from store.notifications import NotificationRow
from tests.notify.desk import Desk, refused


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def _routes(desk: Desk, *routes: dict[str, Any], **settings: Any) -> None:
    made = tuple(Route(**{"channels": ("robot",), **each}) for each in routes)
    desk.settings = desk.settings.model_copy(update={"routes": made, **settings})


async def _routed(desk: Desk) -> list[NotificationRow]:
    while await desk.routing.route():
        pass
    return await desk.all()


async def test_events_go_where_their_routes_lead(desk: Desk) -> None:
    _routes(
        desk,
        {"events": ("job.*",), "channels": ("mail", "robot"), "to": ("a@test",)},
        {"min_severity": "critical", "channels": ("sms",)},
        {"accounts": ("other",), "channels": ("elsewhere",)},
    )
    await desk.happen("job.failed", "job_1", account="main", data={"title": "标题"})
    await desk.happen("disk.full")
    await desk.happen("config.changed")
    found = await _routed(desk)
    assert sorted((row.channel, row.event) for row in found) == [
        ("mail", "job.failed"),
        ("robot", "job.failed"),
        ("sms", "disk.full"),
    ]
    (mail,) = await desk.all(channel="mail")
    assert (mail.recipients, mail.account, mail.severity) == ({"to": ["a@test"]}, "main", "error")
    assert mail.content["data"] == {
        "account": "main",
        "key": "job_1",
        "over": False,
        "title": "标题",
    }


async def test_what_is_told_of_a_job_leads_to_it(desk: Desk) -> None:
    _routes(desk, {})
    await desk.happen("job.failed", "job_1", data={"job_id": "job_1"})
    await desk.happen("disk.full", "gate-1")
    found = await _routed(desk)
    links = {row.event: row.content["data"].get("url") for row in found}
    assert 'wxgate_happenings_total{event="job.failed"} 1.0' in desk.metrics.render().decode()
    assert links == {"job.failed": "https://gate.test/v1/jobs/job_1", "disk.full": None}


async def test_a_last_route_ends_the_search(desk: Desk) -> None:
    _routes(desk, {"events": ("job.*",), "last": True}, {"channels": ("mail",)})
    await desk.happen("job.failed")
    await desk.happen("backup.failed")
    assert sorted(row.channel for row in await _routed(desk)) == ["mail", "robot"]


async def test_the_words_are_found_when_it_is_sent(desk: Desk) -> None:
    _routes(desk, {})
    await desk.happen("job.failed", data={"title": "标题"})
    (row,) = await _routed(desk)
    async with desk.delivery():
        done = await desk.until(row.id, "sent")
    (message,) = desk.ways.senders["robot"].got
    assert message.event == "job.failed"
    assert "title: 标题" in message.text
    assert done.content["subject"] == message.subject == "任务失败"


async def test_a_worse_severity_that_is_said_counts(desk: Desk) -> None:
    _routes(desk, {"min_severity": "critical"})
    await desk.happen("disk.near", data={"severity": "critical"})
    await desk.happen("disk.near", "other", data={"severity": "no such"})
    assert [row.severity for row in await _routed(desk)] == ["critical"]


async def test_each_happening_is_routed_once_whoever_routes(desk: Desk) -> None:
    _routes(desk, {}, burst=1_000)
    other = Desk(desk.database)
    other.settings = desk.settings
    for _ in range(30):
        await desk.happen()
    await asyncio.gather(_routed(desk), _routed(other), _routed(desk))
    assert len(await desk.all()) == 30


async def test_in_quiet_hours_all_but_the_critical_waits_for_one_digest(desk: Desk) -> None:
    _routes(desk, {}, {"channels": ("loud",), "quiet_hours": ""}, quiet_hours="11:00-13:00")
    for number in range(3):
        await desk.happen("job.failed", f"job_{number}")
    await desk.happen("disk.full")
    await _routed(desk)
    assert len(await desk.all(channel="robot", state="held")) == 3
    assert [row.event for row in await desk.all(channel="robot", state="pending")] == ["disk.full"]
    assert len(await desk.all(channel="loud", state="pending")) == 4
    assert await desk.digests.release() == 0
    desk.now += 2 * 3_600
    assert await desk.digests.release() == 1
    (digest,) = await desk.all(channel="robot", event=None)
    assert digest.content["subject"] == "3 条通知"
    assert len(await desk.all(digest_id=digest.id, state="digested")) == 3


async def test_a_digest_gathers_for_as_long_as_its_route_says(desk: Desk) -> None:
    _routes(desk, {"digest_s": 600})
    await desk.happen()
    await _routed(desk)
    desk.now += 300
    await desk.happen()
    await desk.happen("disk.full")
    await _routed(desk)
    assert [row.event for row in await desk.all(state="pending")] == ["disk.full"]
    desk.now += 300
    assert await desk.digests.release() == 1
    assert len(await desk.all(state="digested")) == 2
    assert await desk.digests.release() == 0


async def test_a_digest_that_would_come_in_quiet_hours_waits_for_their_end(desk: Desk) -> None:
    _routes(desk, {"digest_s": 600}, quiet_hours="11:10-13:00")  # it is 11:06:40
    await desk.happen()
    await _routed(desk)
    (row,) = await desk.all()
    assert 3_600 < row.next_at - desk.now <= 2 * 3_600


async def test_a_flood_becomes_a_few_messages_and_a_digest(desk: Desk) -> None:
    _routes(desk, {"channels": ("robot", "mail")}, burst=10)
    for number in range(200):
        await desk.happen("disk.full" if number % 2 else "job.failed")
    await _routed(desk)
    for channel in ("robot", "mail"):
        assert len(await desk.all(channel=channel, state="pending")) == 10
        assert len(await desk.all(channel=channel, state="held")) == 190
    desk.now += desk.settings.burst_s
    assert await desk.digests.release() == 2
    async with desk.delivery():
        for row in await desk.all(state="pending"):
            await desk.until(row.id, "sent")
    assert [len(desk.ways.senders[name].got) for name in ("robot", "mail")] == [11, 11]


async def test_the_same_thing_again_is_not_told_again(desk: Desk) -> None:
    _routes(desk, {})
    for _ in range(5):
        await desk.happen("key.revoked", "blog")
    await desk.happen("key.revoked", "other")
    assert len(await _routed(desk)) == 2


async def test_routes_by_one_channel_to_different_readers_tell_each_of_them(desk: Desk) -> None:
    _routes(
        desk,
        *({"channels": ("mail",), "to": (to,)} for to in ("a@test", "b@test")),
        {"channels": ("mail",), "to": ("a@test",), "events": ("job.*",)},
    )
    await desk.happen("job.failed", "job_1")
    await desk.happen("disk.full")
    found = sorted((row.event, row.recipients["to"]) for row in await _routed(desk))
    both = (["a@test"], ["b@test"])
    assert found == [(event, to) for event in ("disk.full", "job.failed") for to in both]


async def test_a_long_key_is_no_other_one(desk: Desk) -> None:
    _routes(desk, {})
    for end in "ab":
        await desk.happen("job.failed", "k" * 199 + end, account="main")
    assert len(await _routed(desk)) == 2


async def test_what_begins_anew_after_somebody_resolved_it_is_told_at_once(desk: Desk) -> None:
    _routes(desk, {})
    for _ in range(2):
        await desk.happen("backup.failed", "nightly", data={"reason": "no room"})
        (*_, row) = await _routed(desk)
        assert row.alert_id is not None
        async with desk.database.write() as connection:
            alert = await alerts.get(connection, row.alert_id)
            assert alert is not None
            await resolve(connection, alert, by="key:ops", tell=False, now=desk.now)
    assert len({row.alert_id for row in await desk.all(event="backup.failed")}) == 2


async def test_what_fails_is_told_elsewhere_and_never_of_itself(desk: Desk) -> None:
    """Two broken channels do not tell of each other for ever."""
    _routes(desk, {"channels": ("robot", "mail")})
    for name in ("robot", "mail"):
        desk.ways.senders[name].ends = [refused(final=True) for _ in range(99)]
    await desk.happen()
    async with desk.delivery():
        for _ in range(6):
            for row in await _routed(desk):
                if row.state == "pending":
                    await desk.until(row.id, "dead")
            desk.now += 3_600
    told = [(row.event, row.channel) for row in await desk.all()]
    assert sorted(told, key=str) == [
        ("job.failed", "mail"),
        ("job.failed", "robot"),
        ("notification.dead", "mail"),
        ("notification.dead", "robot"),
    ]
    assert await desk.told() == []


async def test_an_event_of_another_version_is_passed_over(desk: Desk) -> None:
    _routes(desk, {})
    await desk.happen("no.such")
    assert await _routed(desk) == []
    assert await desk.told() == []
