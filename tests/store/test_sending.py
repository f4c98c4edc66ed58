import asyncio
from dataclasses import replace
from typing import Any

from store import notifications, sending
from store.engine import Database
from store.notifications import NotificationRow
from store.sending import Ended, Lease
from tests.store.test_notifications import notification_row


async def _put(database: Database, *ids: str, **values: Any) -> None:
    async with database.write() as connection:
        for each in ids:
            await notifications.insert(connection, notification_row(each, **values))


async def _claim(
    database: Database, now: float = 100.0, *, owner: str = "me", limit: int = 9, rate: int = 99
) -> list[NotificationRow]:
    async with database.write() as connection:
        lease = Lease(owner, now, now + 90)
        return await sending.claim(connection, "mail", lease, limit=limit, per_minute=rate)


async def test_what_is_claimed_is_nobody_elses(database: Database) -> None:
    await _put(database, "a")
    await _put(database, "later", next_at=101.0)
    await _put(database, "held", state="held")
    (row,) = await _claim(database)
    assert (row.id, row.attempts, row.lease_owner, row.next_at) == ("a", 1, "me", 190.0)
    assert await _claim(database) == []
    async with database.read() as connection:
        (attempt,) = await notifications.attempts(connection, "a")
    assert (attempt.number, attempt.channel, attempt.began_at) == (1, "mail", 100.0)
    assert attempt.outcome is None


async def test_several_share_them(database: Database) -> None:
    await _put(database, *(f"n{n}" for n in range(20)))
    shares = await asyncio.gather(*(_claim(database, limit=7, owner=f"o{n}") for n in range(4)))
    taken = [row.id for share in shares for row in share]
    assert len(taken) == len(set(taken)) == 20


async def test_so_many_begin_in_a_minute_whoever_begins_them(database: Database) -> None:
    await _put(database, *(f"n{n}" for n in range(20)))
    shares = await asyncio.gather(
        *(_claim(database, rate=5, owner=f"o{n}", limit=4) for n in range(4))
    )
    assert sum(map(len, shares)) == 5
    assert len(await _claim(database, 159.0, rate=5)) == 0
    assert len(await _claim(database, 161.0, rate=5)) == 5


async def test_the_critical_ones_go_first(database: Database) -> None:
    await _put(database, "a", "b")
    await _put(database, "c", severity="critical")
    assert [row.id for row in await _claim(database, limit=2)] == ["c", "a"]


async def test_channels_that_have_something_to_send(database: Database) -> None:
    await _put(database, "a", "b")
    await _put(database, "c", channel="robot")
    await _put(database, "d", channel="later", next_at=200.0)
    async with database.read() as connection:
        assert sorted(await sending.channels_due(connection, 100.0, busy=[])) == ["mail", "robot"]
        assert await sending.channels_due(connection, 100.0, busy=["mail"]) == ["robot"]
    await _claim(database)
    async with database.read() as connection:
        assert await sending.channels_due(connection, 500.0, busy=["robot"]) == ["later"]


async def test_the_end_of_an_attempt_counts_if_no_other_was_begun(database: Database) -> None:
    await _put(database, "a")
    (first,) = await _claim(database)
    failed = Ended(outcome="failed", at=101.0, error="no")
    async with database.write() as connection:
        assert await sending.end(connection, first, failed, state="pending", next_at=105.0)
    (second,) = await _claim(database, 105.0)
    sent = Ended(outcome="sent", at=106.0, sender="s", reference="r")
    async with database.write() as connection:
        assert not await sending.end(connection, first, failed, state="dead")
        assert await sending.end(connection, second, sent, state="sent", done_at=106.0)
        assert not await sending.end(connection, second, failed, state="dead")
        done = await notifications.get(connection, "a")
    assert done is not None
    assert (done.state, done.lease_owner, done.attempts) == ("sent", None, 2)


async def test_what_nobody_heard_of_is_lost_when_its_time_is_over(database: Database) -> None:
    await _put(database, "a", "b")
    await _claim(database)
    async with database.write() as connection:
        assert not await sending.any_lost(connection, 189.0)
        assert await sending.any_lost(connection, 190.0)
    assert await _claim(database, 190.0) == []  # not before somebody has seen to it
    async with database.write() as connection:
        assert len(await sending.lost(connection, 190.0)) == 2
        assert await sending.release(connection, "other", 120.0) == 0
        assert await sending.release(connection, "me", 120.0) == 2
        assert await sending.any_lost(connection, 120.0)
        assert await sending.release(connection, None, 110.0) == 2


async def test_an_attempt_that_was_none_leaves_no_trace(database: Database) -> None:
    await _put(database, "a")
    (row,) = await _claim(database)
    async with database.write() as connection:
        await sending.undo(connection, row, next_at=150.0)
        await sending.undo(connection, row, next_at=999.0)  # it is not ours any more
        found = await notifications.get(connection, "a")
        assert await notifications.attempts(connection, "a") == []
    assert found is not None
    assert (found.attempts, found.next_at, found.lease_owner) == (0, 150.0, None)


async def test_what_a_channel_was_told_by_us(database: Database) -> None:
    await _put(database, "a", "b")
    await _put(database, "held", state="held")
    await _put(database, "theirs", client_id="blog")
    async with database.read() as connection:
        assert await sending.told_since(connection, "mail", 99.0) == 2
        assert await sending.told_since(connection, "mail", 100.0) == 0


async def test_what_waits_too_long_for_a_channel_that_sends_nothing_is_given_up(
    database: Database,
) -> None:
    await _put(database, "a", "b", created_at=10.0)
    await _put(database, "young", created_at=60.0)
    await _put(database, "held", state="held", created_at=10.0)
    await _put(database, "other", channel="robot", created_at=10.0)
    assert await _give_up(database, limit=1) == ["a"]
    assert await _give_up(database) == ["b"]
    assert await _give_up(database) == []


async def test_nothing_is_given_up_while_a_channel_sends_or_somebody_tries(
    database: Database,
) -> None:
    await _put(database, "sent", "waits", created_at=10.0)
    (row,) = await _claim(database, limit=1)
    assert await _give_up(database) == ["waits"]
    await _put(database, "waits too", created_at=10.0)
    async with database.write() as connection:
        ended = Ended(outcome="sent", at=101.0)
        await sending.end(connection, row, ended, state="sent", done_at=101.0)
    assert await _give_up(database) == []


async def _give_up(database: Database, limit: int = 9) -> list[str]:
    async with database.write() as connection:
        dead: Any = {"state": "dead", "error": "no", "done_at": 99.0}
        rows = await sending.give_up(connection, "mail", before=50.0, limit=limit, **dead)
    assert all((row.state, row.error) == ("dead", "no") for row in rows)
    return [row.id for row in rows]


async def test_who_has_it_may_have_it_for_longer(database: Database) -> None:
    await _put(database, "a")
    (row,) = await _claim(database)
    async with database.write() as connection:
        assert await sending.prolong(connection, row, 500.0)
        assert await sending.lost(connection, 499.0) == []
        assert not await sending.prolong(connection, replace(row, lease_owner="other"), 900.0)
        (lost,) = await sending.lost(connection, 500.0)
        ended = Ended(outcome="unknown", at=500.0)
        await sending.end(connection, lost, ended, state="needs_review", done_at=500.0)
        assert not await sending.prolong(connection, row, 900.0)
