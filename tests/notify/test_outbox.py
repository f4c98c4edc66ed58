import asyncio

import pytest

from notify.outbox import NewNotification, content_of
from notify.wording import Worded
from store import notifications as rows
from store.engine import Database
from tests.notify.desk import Desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_one_of_a_key_is_told_for_a_while(desk: Desk) -> None:
    first = await desk.add(dedupe_key="disk")
    again = await desk.add(dedupe_key="disk")
    assert (again.state, again.is_new) == ("suppressed", True)
    assert (await desk.get(again.id)).digest_id == first.id
    assert (await desk.add("robot", dedupe_key="disk")).state == "pending"
    desk.now += desk.settings.dedupe_s + 1
    assert (await desk.add(dedupe_key="disk")).state == "pending"


async def test_the_same_words_to_the_same_people_are_said_once_for_a_while(desk: Desk) -> None:
    await desk.add(text="hello", to=("a@test",))
    assert (await desk.add(text="hello", to=("a@test",))).state == "suppressed"
    assert (await desk.add(text="hello", to=("b@test",))).state == "pending"
    assert (await desk.add(text="hello")).state == "pending"
    desk.now += desk.settings.dedupe_content_s + 1
    assert (await desk.add(text="hello", to=("a@test",))).state == "pending"


async def test_nobody_keeps_back_what_another_says(desk: Desk) -> None:
    for who in ("blog", "other", None):
        added = await desk.add(text="hello", dedupe_key="job.failed:main:job_1", client_id=who)
        assert (added.state, added.is_new) == ("pending", True)


async def test_what_did_not_arrive_is_no_reason_to_be_silent(desk: Desk) -> None:
    first = await desk.add(text="hello", dedupe_key="k")
    async with desk.database.write() as connection:
        await rows.change(connection, first.id, {"state": "dead"})
    assert (await desk.add(text="hello", dedupe_key="k")).state == "pending"


async def test_a_resend_is_no_repetition(desk: Desk) -> None:
    first = await desk.add(text="hello", dedupe_key="k")
    again = await desk.add(text="hello", dedupe_key="k", resend_of=first.id)
    assert again.state == "pending"


async def test_a_repetition_of_ours_leaves_no_row(desk: Desk) -> None:
    first = await desk.add(text="hello", client_id=None)
    again = await desk.add(text="hello", client_id=None)
    assert (again.id, again.state, again.is_new) == (first.id, "suppressed", False)
    assert len(await desk.all()) == 1


async def test_an_idempotency_key_is_worth_one(desk: Desk) -> None:
    key = {"key_hash": "0" * 64, "body_hash": "1" * 64}
    made = await asyncio.gather(*(desk.add(**key) for _ in range(5)))
    assert len({added.id for added in made}) == 1
    assert [added.is_new for added in made].count(True) == 1


async def test_two_that_are_the_same_come_at_once(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.add(dedupe_key="k") for _ in range(8)))
    assert sorted(added.state for added in made) == ["pending"] + ["suppressed"] * 7


async def test_dedupe_can_be_switched_off(desk: Desk) -> None:
    off = {"dedupe_s": 0, "dedupe_content_s": 0}
    desk.settings = desk.settings.model_copy(update=off)
    await desk.add(text="hello", dedupe_key="k")
    assert (await desk.add(text="hello", dedupe_key="k")).state == "pending"


async def test_what_is_held_waits_with_its_like(desk: Desk) -> None:
    one = await desk.add(hold_until=desk.now + 60, to=("a@test",))
    two = await desk.add(hold_until=desk.now + 60, to=("a@test",))
    other = await desk.add(hold_until=desk.now + 60)
    groups = [(await desk.get(added.id)).held_with for added in (one, two, other)]
    assert groups[0] == groups[1] != groups[2]
    assert (await desk.get(one.id)).state == "held"


def test_words_as_they_are_kept() -> None:
    worded = Worded(subject="s", text="t", markdown="m", html="h", variables={"a": "b"})
    assert content_of(worded, "https://x.test")["url"] == "https://x.test"
    new = NewNotification.of_event("disk.full", "ops", {"free": 1})
    assert (new.severity, new.content) == ("critical", {"data": {"free": 1}})
