from typing import Any

from store import replicas
from store.engine import Database
from store.replicas import ReplicaRow


def row(replica_id: str, **values: Any) -> ReplicaRow:
    defaults: dict[str, Any] = {
        "id": replica_id,
        "executor": f"boot/{replica_id}/1",
        "host": "gate-1",
        "pid": 7,
        "role": "all",
        "version": "1",
        "state": "running",
        "config": "c",
        "info": {"name": replica_id},
        "started_at": 1.0,
        "beat_at": 100.0,
    }
    return ReplicaRow(**{**defaults, **values})


async def put(database: Database, *rows: ReplicaRow) -> None:
    async with database.write() as connection:
        for each in rows:
            await replicas.put(connection, each)


async def test_one_comes_back_as_it_told_of_itself_last(database: Database) -> None:
    await put(database, row("b", started_at=2.0), row("a"), row("a", beat_at=105.0, info={"n": 1}))
    async with database.read() as connection:
        assert await replicas.every(connection) == [
            row("a", beat_at=105.0, info={"n": 1}),
            row("b", started_at=2.0),
        ]


async def test_who_ended_is_not_counted(database: Database) -> None:
    ended = (row("a", state="stopped"), row("b", state="gone"))
    await put(database, *ended, row("c", state="draining"), row("d"), row("e", beat_at=60.0))
    async with database.read() as connection:
        assert [each.id for each in await replicas.live(connection)] == ["c", "d", "e"]
        assert await replicas.count(connection, since=70.0) == 2


async def test_who_told_of_itself_meanwhile_is_not_gone(database: Database) -> None:
    await put(database, row("a"), row("b", beat_at=120.0), row("c", state="stopped"), row("d"))
    async with database.write() as connection:
        gone = await replicas.find_gone(connection, ["a", "b", "c"], silent_since=110.0)
        assert gone == [row("a", state="gone")]
        assert not await replicas.find_gone(connection, ["a"], silent_since=110.0)


async def test_who_ended_is_forgotten_in_time(database: Database) -> None:
    await put(database, row("a", state="gone"), row("b"), row("c", state="stopped", beat_at=300.0))
    async with database.write() as connection:
        assert await replicas.forget(connection, before=200.0) == 1
        assert [each.id for each in await replicas.every(connection)] == ["b", "c"]


async def test_a_request_that_comes_between_two_heartbeats_is_not_lost(database: Database) -> None:
    await put(database, row("a"), row("b"))
    async with database.write() as connection:
        assert await replicas.ask(connection, "a")
    await put(database, row("a", beat_at=105.0))  # of what it read before it was asked
    async with database.write() as connection:
        assert await replicas.take_request(connection, "a")
        assert not await replicas.take_request(connection, "a")
        assert not await replicas.take_request(connection, "b")
