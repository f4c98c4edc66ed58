import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.executor import Executor
from jobs.replicas import SILENT_S, Identity, MasterKeyDiffers, Replicas, Standing
from store import jobs as job_rows
from store import notifications, sending
from store import replicas as rows
from store.clock import StoreClock
from store.engine import Database
from store.jobs import Lease
from store.sending import Lease as SendingLease
from store.tables import happening, replica
from tests.store.rows import job_row
from tests.store.test_notifications import notification_row

_FAR_APART_S = 3_600.0  # a heartbeat that does not come by itself


def identity(name: str = "one", **values: Any) -> Identity:
    told = Identity(
        name=name, host="gate", pid=os.getpid(), role="all", version="1", master_key="k"
    )
    return replace(told, **values)


class Elsewhere(Executor):
    """A process of another machine: nothing is proven of it from here, nor of us from there."""

    def __init__(self, name: str) -> None:
        super().__init__(alone=False, proc=Path("/nowhere"))
        self.id = f"{name}/pid:[1]/1/1"


def made(database: Database, name: str = "one", **values: Any) -> Replicas:
    return Replicas(
        database,
        values.pop("executor", Elsewhere(name)),
        identity(name, **values),
        lambda: Standing(config="c", draining=False, info={"listen": "127.0.0.1:1"}),
        clock=StoreClock(database),
        beat_s=_FAR_APART_S,
    )


async def told(database: Database) -> list[tuple[str, bool]]:
    async with database.read() as connection:
        query = select(happening.c.key, happening.c.over).order_by(happening.c.id)
        return [(key, over) for key, over in await connection.execute(query)]


async def states(database: Database) -> dict[str, str]:
    async with database.read() as connection:
        return {row.info["name"]: row.state for row in await rows.every(connection)}


async def silence(database: Database, replica_id: str) -> None:
    """As if it had not been heard of for long."""
    async with database.write() as connection:
        await connection.execute(
            update(replica)
            .where(replica.c.id == replica_id)
            .values(beat_at=time.time() - SILENT_S - 10)
        )


async def test_each_tells_that_it_lives_and_that_it_ends(database: Database) -> None:
    async with made(database) as one:
        async with made(database, "two") as two:
            await one.beat()
            assert (one.serving, await states(database)) == (
                2,
                {"one": "running", "two": "running"},
            )
            assert {row.id for row in await two.every()} == {one.id, two.id}
        assert await states(database) == {"one": "running", "two": "stopped"}
        await one.beat()
        assert one.serving == 1
    assert await told(database) == []


async def test_who_is_silent_is_told_of_once_and_again_when_it_is_back(database: Database) -> None:
    async with made(database) as one, made(database, "two") as two, made(database, "three") as tri:
        await silence(database, two.id)
        await asyncio.gather(one.beat(), tri.beat())
        await one.beat()
        await tri.beat()
        assert (await states(database))["two"] == "gone"
        assert await told(database) == [("two", False)]
        await two.beat()
        assert (await states(database))["two"] == "running"
        assert await told(database) == [("two", False), ("two", True)]


async def test_whoever_takes_the_place_of_one_that_is_gone_ends_the_alert(
    database: Database,
) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(made(database))
        two = await stack.enter_async_context(made(database, "two"))
        await silence(database, two.id)
        await one.beat()
        await stack.enter_async_context(made(database, "two"))
        assert await told(database) == [("two", False), ("two", True)]


@asynccontextmanager
async def another_process() -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    """One of this machine, and how it names itself as an owner."""
    program = "from jobs.executor import Executor; print(Executor(alone=False).id); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await asyncio.to_thread(process.stdout.readline)).decode().strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


async def holds_a_job(database: Database, owner: str) -> str:
    now = time.time()
    async with database.write() as connection:
        await job_rows.insert(connection, job_row(run_at=now - 5))
        taken = await job_rows.claim(
            connection, Lease(owner=owner, now=now, until=now + 60), limit=1
        )
    return taken[0].id


async def sends_something(database: Database, owner: str) -> None:
    now = time.time()
    async with database.write() as connection:
        await notifications.insert(connection, notification_row("n", next_at=now))
        lease = SendingLease(owner, now, now + 90)
        assert await sending.claim(connection, "mail", lease, limit=1, per_minute=9)


async def is_lost(database: Database) -> bool:
    async with database.read() as connection:
        return await sending.any_lost(connection, time.time() + 1)


async def holder(database: Database, job_id: str) -> str | None:
    async with database.read() as connection:
        head = await job_rows.head(connection, job_id)
    assert head is not None
    return head.lease_owner


async def test_what_a_process_held_is_free_when_it_has_died_and_not_before(
    database: Database,
) -> None:
    async with another_process() as (owner, process):
        job_id = await holds_a_job(database, owner)
        await sends_something(database, owner)
        mine = Executor(alone=False)
        other = Elsewhere("two")
        other.id = owner
        async with made(database, executor=mine) as one, made(database, "two", executor=other):
            await one.beat()
            assert await holder(database, job_id) == owner
            assert not await is_lost(database)
            process.kill()
            process.wait()
            await one.beat()
            assert await holder(database, job_id) is None
            assert await is_lost(database)
            assert await states(database) == {"one": "running", "two": "gone"}
            assert await told(database) == [("two", False)]


async def test_what_a_silent_process_of_another_machine_holds_is_left_to_its_lease(
    database: Database,
) -> None:
    job_id = await holds_a_job(database, Elsewhere("two").id)
    async with made(database) as one, made(database, "two") as two:
        await silence(database, two.id)
        await one.beat()
        assert (await states(database))["two"] == "gone"
        assert await holder(database, job_id) == Elsewhere("two").id


async def test_a_process_with_another_master_key_does_not_join(database: Database) -> None:
    async with made(database):
        with pytest.raises(MasterKeyDiffers, match="one"):
            await made(database, "two", master_key="other").__aenter__()
        assert await states(database) == {"one": "running"}
    # All were stopped: so keys are changed.
    async with made(database, "two", master_key="other"):
        pass


async def test_who_is_asked_to_restart_does_so_once_and_hears_of_it_in_any_case(
    database: Database,
) -> None:
    restarts: list[str] = []
    asked = made(database, "asked", restart=lambda: restarts.append("asked"))
    async with asked, made(database, "other") as other:
        await other.ask_to_restart(asked.id)
        async with database.write() as connection:  # as if it had read itself before that
            await rows.put(connection, asked._row("running"))
        await asked.beat()
        await asked.beat()
    assert restarts == ["asked"]
