import asyncio
import functools
import hashlib
import os
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr

from notify.message import Message
from notify.sender import DeliveryUnknown, Receipt, Resting
from store import files, uploads
from store.engine import Database, DatabaseSettings, open_database
from store.uploads import UploadRow
from tests.forked import Forked
from tests.notify.desk import PAUSES, Desk, Recorder, refused

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (refused("\ud800 no\0body", final=True), "dead"),
        (DeliveryUnknown("\ud800 no\0thing"), "needs_review"),
        (None, "sent"),
    ],
)
async def test_whatever_a_provider_says_what_came_of_it_is_written_down(
    desk: Desk, end: Exception | None, state: str
) -> None:
    desk.ways.senders["mail"].ends = [end]
    desk.ways.senders["mail"].reference = "\udfff\0"
    added = await desk.add()
    async with desk.delivery():
        await desk.until(added.id, state)
    (attempt,) = await desk.attempts(added.id)
    assert attempt.ended_at is not None


async def test_what_is_sent_is_recorded_with_its_attempt(desk: Desk) -> None:
    added = await desk.add(to=("a@test",), cc=("b@test",))
    async with desk.delivery():
        done = await desk.until(added.id, "sent")
    assert (done.attempts, done.done_at, done.error) == (1, desk.now, None)
    (message,) = desk.ways.senders["mail"].got
    assert (message.id, message.to, message.cc) == (added.id, ("a@test",), ("b@test",))
    (attempt,) = await desk.attempts(added.id)
    assert (attempt.outcome, attempt.sender, attempt.reference) == ("sent", "account-1", "ref-1")
    assert attempt.ended_at == desk.now


async def test_the_attempt_is_written_down_before_it_is_made(desk: Desk) -> None:
    sender = desk.ways.senders["mail"]
    sender.hold = asyncio.Event()
    added = await desk.add()
    async with desk.delivery():
        while not sender.got:
            await asyncio.sleep(0.01)
        (attempt,) = await desk.attempts(added.id)
        assert (attempt.number, attempt.ended_at, attempt.outcome) == (1, None, None)
        sender.hold.set()
        await desk.until(added.id, "sent")


async def test_what_fails_is_tried_three_times_with_growing_pauses_and_is_dead_then(
    desk: Desk,
) -> None:
    desk.ways.senders["mail"].ends = [refused(f"no {n}") for n in range(3)]
    added = await desk.add()
    async with desk.delivery():
        for attempt, pause_s in enumerate(PAUSES, 1):
            waits = await desk.until(added.id, "pending", attempt)
            assert waits.next_at - desk.now == pause_s
            desk.now += pause_s
        done = await desk.until(added.id, "dead")
    assert (done.attempts, done.error) == (3, "no 2")
    assert [each.error for each in await desk.attempts(added.id)] == ["no 0", "no 1", "no 2"]
    assert await desk.told() == ["notification.dead"]


async def test_what_cannot_succeed_is_tried_once(desk: Desk) -> None:
    desk.ways.senders["mail"].ends = [refused(final=True)]
    added = await desk.add()
    gone = await desk.add("gone")
    async with desk.delivery():
        assert (await desk.until(added.id, "dead")).attempts == 1
        assert str((await desk.until(gone.id, "dead")).error).startswith("channel_unknown: ")


async def test_a_provider_that_wants_a_longer_pause_gets_it(desk: Desk) -> None:
    desk.ways.senders["mail"].ends = [refused(retry_after_s=77), refused(retry_after_s=1e9)]
    added = await desk.add()
    async with desk.delivery():
        waits = await desk.until(added.id, "pending", 1)
        assert waits.next_at - desk.now == 77
        desk.now += 77
        waits = await desk.until(added.id, "pending", 2)
        assert waits.next_at - desk.now == 3_600


async def test_a_mail_whose_outcome_is_unknown_waits_for_a_person(desk: Desk) -> None:
    for channel, state in (("mail", "needs_review"), ("robot", "pending")):
        desk.ways.senders[channel].ends = [DeliveryUnknown("lost access_token=SECRETSECRET")]
        added = await desk.add(channel)
        async with desk.delivery():
            found = await desk.until(added.id, state, 1)
        assert found.error == "lost access_token=***"
        assert [each.outcome for each in await desk.attempts(added.id)] == ["unknown"]
    assert await desk.told() == ["notification.dead"]


async def test_a_sender_that_breaks_or_hangs_may_have_sent_it(desk: Desk) -> None:
    desk.ways.senders["mail"].ends = [ZeroDivisionError()]
    broken = await desk.add()
    async with desk.delivery():
        await desk.until(broken.id, "needs_review")
    desk.settings = desk.settings.model_copy(update={"timeout_s": 0.05})
    desk.ways.senders["mail"].hold = asyncio.Event()
    hanging = await desk.add()
    async with desk.delivery():
        assert (await desk.until(hanging.id, "needs_review")).error == "it took too long"


async def test_a_way_that_rests_costs_no_attempt(desk: Desk) -> None:
    desk.ways.senders["mail"].ends = [Resting("slow", retry_after_s=50) for _ in range(5)]
    added = await desk.add()
    async with desk.delivery():
        for _ in range(5):
            async with asyncio.timeout(20):
                while (await desk.get(added.id)).next_at != desk.now + 50:
                    await asyncio.sleep(0.01)
            assert await desk.attempts(added.id) == []
            desk.now += 50
        assert (await desk.until(added.id, "sent")).attempts == 1


async def test_what_waits_for_a_channel_that_sends_nothing_for_days_is_dead(desk: Desk) -> None:
    desk.ways.senders["mail"].ends = [Resting("qq: 535", retry_after_s=1e9) for _ in range(99)]
    waiting = [await desk.add() for _ in range(9)]
    desk.now += desk.settings.give_up_s - 1
    young = await desk.add()
    async with desk.delivery():
        await asyncio.sleep(0.2)
        assert {row.state for row in await desk.all()} == {"pending"}
        assert max(row.next_at for row in await desk.all()) <= desk.now + 3_600
        desk.now += 3_601
        for each in waiting:
            done = await desk.until(each.id, "dead")
            assert (done.attempts, done.done_at) == (0, desk.now)
            assert str(done.error).startswith("channel_resting: ")
            assert "qq: 535" in str(done.error)
    assert (await desk.get(young.id)).state == "pending"
    assert await desk.told() == ["notification.dead"] * len(waiting)


async def test_a_backlog_of_a_channel_that_sends_at_its_pace_is_not_given_up(desk: Desk) -> None:
    first, second = await desk.add(), await desk.add()
    desk.settings = desk.settings.model_copy(update={"concurrency": 1})
    desk.now += desk.settings.give_up_s + 1
    desk.ways.senders["mail"].ends = [None, *(Resting("pace", retry_after_s=5) for _ in range(9))]
    async with desk.delivery():
        states = [await desk.get(first.id), await desk.get(second.id)]
        async with asyncio.timeout(20):
            while min((row.state, row.next_at) for row in states)[1] != desk.now + 5:
                await asyncio.sleep(0.01)
                states = [await desk.get(first.id), await desk.get(second.id)]
    assert sorted(row.state for row in states) == ["pending", "sent"]


async def test_a_channel_that_stands_still_holds_up_no_other(desk: Desk) -> None:
    slow = desk.ways.senders["slow"]
    slow.hold = asyncio.Event()
    for _ in range(20):
        await desk.add("slow")
    others = [await desk.add(f"c{n}") for n in range(9)]
    async with desk.delivery():
        for added in others:
            await desk.until(added.id, "sent")
        async with asyncio.timeout(30):
            while len(slow.got) < desk.settings.concurrency:  # its own may be on their way still
                await asyncio.sleep(0.01)
        assert slow.most_at_once == len(slow.got) == desk.settings.concurrency
        slow.hold.set()
        for row in await desk.all(channel="slow"):
            await desk.until(row.id, "sent")


async def test_a_channel_gets_so_many_a_minute_and_the_critical_ones_first(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"per_minute": 5})
    for _ in range(11):
        await desk.add()
    urgent = await desk.add(severity="critical")
    sender = desk.ways.senders["mail"]
    async with desk.delivery("one"), desk.delivery("two"):
        await desk.until(urgent.id, "sent")
        for count in (5, 10, 12):
            async with asyncio.timeout(20):
                while len(await desk.all(state="sent")) < count:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert len(sender.got) == count
            desk.now += 61


async def test_several_processes_share_the_work(desk: Desk) -> None:
    every = [await desk.add(f"c{n % 3}") for n in range(60)]
    async with desk.delivery("one"), desk.delivery("two"), desk.delivery("three"):
        for added in every:
            await desk.until(added.id, "sent")
    got = [message.id for sender in desk.ways.senders.values() for message in sender.got]
    assert sorted(got) == sorted(added.id for added in every)


async def test_who_is_asked_to_stop_lets_what_is_under_way_end(desk: Desk) -> None:
    sender = desk.ways.senders["mail"]
    sender.hold = asyncio.Event()
    first, second = await desk.add(), await desk.add()
    desk.settings = desk.settings.model_copy(update={"concurrency": 1})
    async with desk.delivery():
        while not sender.got:
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(0.2, sender.hold.set)
    assert (await desk.get(first.id)).state == "sent"
    assert (await desk.get(second.id)).attempts == 0


async def test_what_is_large_takes_longer_and_is_not_taken_for_lost(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"timeout_s": 3})
    sender = desk.ways.senders["mail"]
    sender.hold = asyncio.Event()
    added = await desk.add(files=(await _upload(desk, bytes(2_000_000)),))
    async with desk.delivery():
        async with asyncio.timeout(20):
            while not sender.got:
                await asyncio.sleep(0.01)
        await asyncio.sleep(3.2)  # past what any other may take
        desk.now += desk.settings.timeout_s + 31
        await desk.delivery("other").find_lost()
        found = await desk.get(added.id)
        assert (found.state, found.lease_owner) == ("pending", "me")
        sender.hold.set()
        done = await desk.until(added.id, "sent")
    assert (done.attempts, len(sender.got)) == (1, 1)


async def _upload(desk: Desk, data: bytes) -> UploadRow:
    row = UploadRow(
        id="file_1",
        client_id="blog",
        sha256=hashlib.sha256(data).hexdigest(),
        name="a.bin",
        media_type="application/octet-stream",
        size=len(data),
        created_at=desk.now,
        expires_at=desk.now + 9_999,
    )
    async with desk.database.write() as connection:
        await files.keep(connection, row.client_id, [data], now=desk.now)
        await uploads.insert(connection, row)
    return row


class Killer(Recorder):
    """Ends the process in the middle of a send, before or after the message is out."""

    def __init__(self, out: Path, *, first: bool) -> None:
        super().__init__()
        self._out = out
        self._first = first

    async def send(self, message: Message) -> Receipt:
        if not self._first:
            self._out.write_text(message.id)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def _send_and_die(url: str, directory: Path, channel: str, *, first: bool) -> None:
    async def work() -> None:
        settings = DatabaseSettings(url=SecretStr(url))
        async with open_database(settings, directory) as database:
            desk = Desk(database)
            desk.ways.senders[channel] = Killer(directory / "out", first=first)
            async with desk.delivery("child"):
                await asyncio.sleep(60)

    asyncio.run(work())


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("channel", "end"), [("mail", "needs_review"), ("robot", "sent")])
async def test_a_process_that_dies_while_it_sends_doubles_no_mail(
    desk: Desk, database_url: str, tmp_path: Path, channel: str, end: str, *, first: bool
) -> None:
    added = await desk.add(channel)
    work = functools.partial(_send_and_die, database_url, tmp_path, channel, first=first)
    assert await Forked(work).wait() == -signal.SIGKILL
    async with desk.delivery():
        await asyncio.sleep(0.1)
        assert (await desk.get(added.id)).lease_owner == "child"  # its time is not over
        desk.now += desk.settings.timeout_s + 31
        if end == "sent":
            await desk.until(added.id, "pending", 1)
            desk.now += PAUSES[0]
        await desk.until(added.id, end)
    outcomes = [each.outcome for each in await desk.attempts(added.id)]
    assert outcomes == (["unknown"] if end == "needs_review" else ["unknown", "sent"])
    assert (tmp_path / "out").exists() is not first
    assert len(desk.ways.senders[channel].got) == (end == "sent")


async def test_what_comes_late_of_a_lost_attempt_is_a_fact(desk: Desk) -> None:
    sender = desk.ways.senders["mail"]
    sender.hold = asyncio.Event()
    added = await desk.add()
    async with desk.delivery("sleeper"):
        while not sender.got:
            await asyncio.sleep(0.01)
        desk.now += desk.settings.timeout_s + 31
        await desk.delivery("other").find_lost()
        assert (await desk.get(added.id)).state == "needs_review"
        sender.hold.set()
        await desk.until(added.id, "sent")
    assert [each.outcome for each in await desk.attempts(added.id)] == ["sent"]
    assert len(sender.got) == 1
