from collections import Counter

from store import children, jobs
from store.engine import Database
from tests.store.rows import job_row


async def family(database: Database, *states: str, **values: object) -> None:
    async with database.write() as connection:
        rows = [
            job_row(f"job_{n}", parent_id="b", position=n, held=True, state=state, **values)
            for n, state in enumerate(states)
        ]
        await jobs.insert_all(connection, [job_row("b", kind="batch", held=True), *rows])


async def test_items_are_counted_by_state_and_whether_they_are_held(database: Database) -> None:
    await family(database, "accepted", "accepted", "scheduled")
    async with database.write() as connection:
        await children.let_go(connection, "b", 1, now=200.0)
        counted = await children.tally(connection, "b")
    assert counted.by_state == Counter(accepted=2, scheduled=1)
    assert counted.held == Counter(accepted=1, scheduled=1)
    assert counted.let_go("accepted", "running") == 1


async def test_they_are_let_go_in_order_and_not_before_their_time(database: Database) -> None:
    await family(database, *["accepted"] * 3)
    async with database.write() as connection:
        await jobs.replace(connection, job_row("job_1", state="accepted"), {"run_at": 900.0})
        await children.let_go(connection, "b", 2, now=200.0)
        items = await children.of_batch(connection, "b")
    assert [(item.held, item.run_at) for item in items] == [
        (False, 200.0),
        (False, 900.0),
        (True, 100.0),
    ]


async def test_only_held_ones_are_cancelled_at_a_stroke(database: Database) -> None:
    await family(database, *["accepted"] * 3)
    async with database.write() as connection:
        await children.let_go(connection, "b", 1, now=200.0)
        await children.cancel_unbegun(connection, "b", 200.0)
        items = await children.of_batch(connection, "b")
        kept = [row.id async for row in children.in_states(connection, "b", ("cancelled",))]
    assert [item.state for item in items] == ["accepted", "cancelled", "cancelled"]
    assert kept == ["job_1", "job_2"]


async def test_approving_a_batch_approves_its_items(database: Database) -> None:
    await family(database, "waiting", "waiting", approval="pending")
    async with database.write() as connection:
        await jobs.replace(connection, job_row("job_1", state="waiting"), {"run_at": 900.0})
        await children.approve(connection, "b", 200.0)
        items = await children.of_batch(connection, "b")
    assert [(item.state, item.approval) for item in items] == [
        ("accepted", "given"),
        ("scheduled", "given"),
    ]
