import asyncio
from collections import Counter
from dataclasses import asdict

from store import files as kept_files
from store import job_lists, jobs
from store.engine import Database
from store.job_lists import JobFilter
from store.jobs import JobRow, Lease
from tests.store.rows import job_row


async def _add(database: Database, *rows: JobRow) -> None:
    async with database.write() as connection:
        for row in rows:
            await jobs.insert(connection, row)


async def _claim(
    database: Database,
    *,
    owner: str = "me",
    now: float = 100.0,
    limit: int = 10,
    lease_s: float = 30,
    again: bool | None = None,
) -> list[JobRow]:
    async with database.write() as connection:
        return await jobs.claim(
            connection, Lease(owner=owner, now=now, until=now + lease_s), limit=limit, again=again
        )


async def test_a_job_comes_back_as_it_was_put(database: Database) -> None:
    row = job_row(payload={"text": "中文 \u0000 😀"}, run_at=1.5)
    await _add(database, row)
    async with database.read() as connection:
        assert await jobs.get(connection, row.id) == row
        assert await jobs.get(connection, "job_none") is None


async def test_what_is_shown_of_a_job_leaves_the_article_out(database: Database) -> None:
    row = job_row(payload={"text": "x" * 100}, warnings=[{"code": "w"}], action="publish")
    await _add(database, row)
    async with database.read() as connection:
        head = await jobs.head(connection, row.id)
        (listed,) = await job_lists.page(connection, JobFilter(), before=None, limit=9)
    assert head == listed
    assert asdict(row) == {**asdict(listed), "payload": row.payload, "checkpoint": row.checkpoint}


async def test_due_jobs_are_claimed_in_the_order_of_their_time(database: Database) -> None:
    await _add(database, job_row("job_a", run_at=99), job_row("job_b", run_at=98))
    await _add(database, job_row("job_c", run_at=101), job_row("job_d", run_at=1, state="failed"))
    claimed = await _claim(database)
    assert [row.id for row in claimed] == ["job_b", "job_a"]
    assert {(row.state, row.epoch, row.attempts, row.lease_owner) for row in claimed} == {
        ("running", 1, 1, "me")
    }


async def test_jobs_that_a_start_did_not_end_are_claimed_apart(database: Database) -> None:
    await _add(database, job_row("job_a"), job_row("job_b", attempts=1))
    assert [row.id for row in await _claim(database, again=True)] == ["job_b"]
    assert [row.id for row in await _claim(database, again=False)] == ["job_a"]


async def test_many_claimers_at_once_get_each_job_once(database: Database) -> None:
    await _add(database, *(job_row(f"job_{n:03}") for n in range(60)))

    async def work(owner: str) -> list[str]:
        mine: list[str] = []
        while claimed := await _claim(database, owner=owner, limit=3):
            mine += [row.id for row in claimed]
        return mine

    counts: Counter[str] = Counter()
    for mine in await asyncio.gather(*(work(f"w{n}") for n in range(6))):
        counts.update(mine)
    assert len(counts) == 60
    assert set(counts.values()) == {1}


async def test_a_held_job_is_free_when_its_lease_has_run_out(database: Database) -> None:
    await _add(database, job_row())
    assert await _claim(database, owner="first")
    assert await _claim(database, owner="second", now=130) == []
    (again,) = await _claim(database, owner="second", now=131)
    assert (again.epoch, again.attempts) == (2, 2)


async def test_a_job_that_is_still_worked_on_is_not_claimed_by_the_same_process(
    database: Database,
) -> None:
    await _add(database, job_row())
    async with database.write() as connection:
        lease = Lease(owner="me", now=200, until=230)
        assert await jobs.claim(connection, lease, limit=1, busy=["job_1"]) == []
        assert await jobs.claim(connection, lease, limit=1, busy=["job_2"])


async def test_only_the_holder_of_the_epoch_moves_a_job(database: Database) -> None:
    await _add(database, job_row())
    await _claim(database)
    async with database.write() as connection:
        assert not await jobs.move(connection, "job_1", 0, {"state": "failed"})
        assert await jobs.move(connection, "job_1", 1, {"state": "succeeded"})
        # An end is an end, also for the holder.
        assert not await jobs.move(connection, "job_1", 1, {"state": "failed"})
        found = await jobs.get(connection, "job_1")
    assert found is not None
    assert (found.state, found.version) == ("succeeded", 3)


async def test_a_lease_is_held_only_by_its_epoch_in_time_and_without_a_cancel(
    database: Database,
) -> None:
    await _add(database, job_row())
    (row,) = await _claim(database)
    async with database.write() as connection:
        hold = {"lease_until": 160.0}
        assert not await jobs.hold(connection, row.id, row.epoch - 1, now=101, **hold)
        assert not await jobs.hold(connection, row.id, row.epoch, now=130, **hold)
        assert await jobs.hold(connection, row.id, row.epoch, now=101, **hold)
        assert await jobs.request_cancel(connection, row, 101)
        assert not await jobs.hold(connection, row.id, row.epoch, now=101, **hold)


async def test_renewing_tells_which_leases_are_lost(database: Database) -> None:
    await _add(database, job_row("job_a"), job_row("job_b"))
    await _claim(database)
    async with database.write() as connection:
        assert await jobs.renew(connection, {}, lease_until=1) == set()
        renewed = await jobs.renew(connection, {"job_a": 1, "job_b": 7}, lease_until=500)
    assert renewed == {"job_a"}
    assert [row.id for row in await _claim(database, now=300)] == ["job_b"]


async def test_leases_of_former_processes_can_be_ended(database: Database) -> None:
    await _add(database, job_row("job_a"))
    await _claim(database, owner="dead")
    await _add(database, job_row("job_b"))
    await _claim(database, owner="me")
    async with database.write() as connection:
        assert await jobs.free_leases_of_others(connection, "me") == 1
    assert [row.id for row in await _claim(database)] == ["job_a"]


async def test_a_change_from_outside_ends_the_holders_right_to_write(database: Database) -> None:
    await _add(database, job_row())
    (row,) = await _claim(database)
    async with database.write() as connection:
        changed = await jobs.replace(connection, row, {"state": "cancelled"})
        assert changed is not None
        assert (changed.state, changed.epoch) == ("cancelled", 2)
        assert await jobs.replace(connection, row, {"state": "accepted"}) is None
        assert await jobs.request_cancel(connection, row, 1) is None
        assert await jobs.lock(connection, row.id) == changed


async def test_files_go_some_time_after_the_end_of_their_job(database: Database) -> None:
    await _add(database, job_row("job_a", state="failed"), job_row("job_b"))
    async with database.write() as connection:
        for job_id in ("job_a", "job_b"):
            (sha256,) = await kept_files.keep(connection, "blog", [b"x"], now=0)
            await kept_files.name(connection, "blog", job_id, {"a.png": sha256})
        assert await jobs.purge_files(connection, ended_before=100) == 0
        assert await jobs.purge_files(connection, ended_before=101) == 1
        assert await kept_files.of_job(connection, "job_a") == {}
        assert await kept_files.of_job(connection, "job_b") == {"a.png": b"x"}


async def test_a_poke_brings_a_waiting_job_forward(database: Database) -> None:
    await _add(database, job_row(run_at=900, state="waiting"), job_row("job_2", state="failed"))
    async with database.write() as connection:
        assert await jobs.poke(connection, "job_1", 100)
        assert not await jobs.poke(connection, "job_2", 100)
    (row,) = await _claim(database)
    assert (row.id, row.run_at, row.poked) == ("job_1", 100, False)


async def test_a_poke_leaves_a_job_that_is_due_in_its_place(database: Database) -> None:
    await _add(database, job_row(run_at=90))
    async with database.write() as connection:
        await jobs.poke(connection, "job_1", 100)
    (row,) = await _claim(database)
    assert row.run_at == 90


async def test_accounts_take_turns_and_none_gets_more_than_its_places(database: Database) -> None:
    greedy = [job_row(f"job_1{n}", account="greedy", run_at=n) for n in range(9)]
    late = [job_row(f"job_2{n}", account="late", run_at=50 + n) for n in range(2)]
    async with database.write() as connection:
        for row in (*greedy, *late):
            await jobs.insert(connection, row)

        async def take(limit: int, now: float = 100) -> list[str]:
            lease = Lease(owner="me", now=now, until=now + 30)
            rows = await jobs.claim(connection, lease, limit=limit, per_account=3)
            return [row.id for row in rows]

        assert await take(3) == ["job_10", "job_11", "job_20"]
        assert await take(5) == ["job_12", "job_21"]
        assert await take(5) == []
        await jobs.move(connection, "job_10", 1, {"state": "succeeded", "lease_owner": None})
        assert await take(5) == ["job_13"]
        assert await take(9, now=200) == ["job_11", "job_12", "job_13", "job_20", "job_21"]


async def test_the_next_due_time_is_that_of_a_job_which_may_begin(database: Database) -> None:
    async with database.write() as connection:
        for row in (
            job_row("job_1", run_at=100),
            job_row("job_2", run_at=110, held=True),
            job_row("job_3", run_at=120, approval="pending"),
            job_row("job_4", run_at=130, state="succeeded"),
            job_row("job_5", run_at=140),
            job_row("job_6", run_at=150),
        ):
            await jobs.insert(connection, row)
        assert await jobs.next_due(connection, 100) == 100
        await jobs.claim(connection, Lease(owner="me", now=100, until=130), limit=1)
        assert await jobs.next_due(connection, 110) == 140
        assert await jobs.next_due(connection, 110, after=140) == 150
        assert await jobs.next_due(connection, 110, after=150) is None


async def test_a_title_is_kept_as_the_store_can(database: Database) -> None:
    row = job_row(title="A\u0000" + "长" * 500)
    await _add(database, row)
    async with database.read() as connection:
        found = await jobs.head(connection, row.id)
    assert found is not None
    assert found.title == ("A" + "长" * 500)[:200]
