import asyncio

from jobs.changes import Changes


async def test_all_who_wait_for_a_job_are_woken_and_no_others() -> None:
    changes = Changes()
    waiting = [asyncio.ensure_future(changes.wait("job_1", 30)) for _ in range(3)]
    other = asyncio.ensure_future(changes.wait("job_2", 30))
    await asyncio.sleep(0)
    changes.tell("job_1")
    await asyncio.gather(*waiting)
    assert not other.done()
    changes.tell("job_2")
    await other
    assert not changes._waiting


async def test_patience_ends() -> None:
    changes = Changes()
    await changes.wait("job_1", 0.01)
    changes.tell("job_1")
    assert not changes._waiting


async def test_at_the_end_all_are_woken_and_nobody_waits_any_more() -> None:
    changes = Changes()
    waiting = [asyncio.ensure_future(changes.wait(f"job_{n}", 30)) for n in range(3)]
    await asyncio.sleep(0)
    changes.end()
    await asyncio.gather(*waiting, changes.wait("job_1", 30))
    assert changes.ended
    assert not changes._waiting
