import asyncio
import time
from collections.abc import Callable

from accounts.audit import AuditEntry, AuditLog
from notify.audit_follower import DUTY, AuditFollower
from store import happenings
from store.engine import Database
from store.happenings import HappeningRow
from store.leader import Leader

KEY = b"0" * 32


def follower(database: Database, owner: str, clock: Callable[[], float]) -> AuditFollower:
    leader = Leader(database, DUTY, owner, lease_s=30, clock=clock)
    return AuditFollower(database, leader, clock=clock, every_s=0.05)


async def note(database: Database, action: str, at: float, subject: str = "blog") -> None:
    log = AuditLog(database, KEY, clock=lambda: at)
    detail = {"keys": ["limits"]} if action == "config.reload" else {}
    await log.note(AuditEntry(actor="client:boss", action=action, subject=subject, detail=detail))


async def told(database: Database) -> list[HappeningRow]:
    async with database.write() as connection:
        return await happenings.take(connection, limit=999)


async def test_history_is_told_to_nobody_and_what_comes_is_told_once(database: Database) -> None:
    await note(database, "client.create", 1.0)
    one = follower(database, "one", lambda: 100.0)
    assert not await one.look()
    await note(database, "client.key_revoked", 2.0)
    await note(database, "publish.submit", 3.0)
    for _ in range(3):
        assert not await one.look()
    assert [(row.event, row.created_at) for row in await told(database)] == [("key.revoked", 2.0)]


async def test_the_first_entry_of_a_new_installation_is_told(database: Database) -> None:
    one = follower(database, "one", lambda: 100.0)
    await one.look()
    await note(database, "account.create", 1.0)
    await one.look()
    assert [row.event for row in await told(database)] == ["config.changed"]


async def test_several_follow_and_each_entry_is_told_once(database: Database) -> None:
    now = [100.0]
    followers = [follower(database, f"f{n}", lambda: now[0]) for n in range(3)]
    await followers[0].look()
    for number in range(30):
        await note(database, "client.create", 200.0 + number, f"client-{number}")
        if number == 10:
            now[0] += 60  # whoever had it was away for longer than its lease
        await asyncio.gather(*(each.look() for each in followers[number % 3 :]))
    now[0] += 60
    await followers[2].look()
    keys = [row.data["client"] for row in await told(database)]
    assert sorted(keys) == sorted(f"client-{number}" for number in range(30))


async def test_one_change_of_the_file_is_told_once_though_each_process_notes_it(
    database: Database,
) -> None:
    one = follower(database, "one", lambda: 100.0)
    await one.look()
    for at in (1.0, 1.5, 3.0, 90.0):
        await note(database, "config.reload", at, "configuration")
    await one.look()
    assert [row.created_at for row in await told(database)] == [1.0, 90.0]


async def test_it_runs_by_itself_and_hands_the_duty_over_at_its_end(database: Database) -> None:
    for owner, subject in (("one", "a"), ("two", "b")):
        async with follower(database, owner, time.time) as running:
            async with asyncio.timeout(20):
                while await running._leader.term() is None:
                    await asyncio.sleep(0.02)
            await running.look()
            await note(database, "client.create", time.time(), subject)
            async with asyncio.timeout(20):
                while subject not in [row.data["client"] for row in await told(database)]:
                    await asyncio.sleep(0.05)
