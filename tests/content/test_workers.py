import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from content.workers import (
    WorkerLimits,
    WorkerPool,
    WorkExhausted,
    WorkFailed,
    WorkRefused,
)
from tests.content.conftest import request


async def _until(pool: WorkerPool, count: int) -> None:
    async with asyncio.timeout(10):
        while len(pool.pids) != count:
            await asyncio.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_no_process_runs_until_it_is_needed_and_one_is_used_again(pool: WorkerPool) -> None:
    assert pool.pids == []
    await pool.run("cover", {"title": "a"})
    first = pool.pids
    await pool.run("cover", {"title": "b"})
    assert pool.pids == first
    assert len(first) == 1


async def test_there_are_never_more_processes_than_slots() -> None:
    pool = WorkerPool(WorkerLimits(), size=2)
    await asyncio.gather(*(pool.run("cover", {"title": str(n)}) for n in range(8)))
    pids = pool.pids
    assert len(pids) == 2
    await pool.aclose()
    assert not any(_is_running(pid) for pid in pids)


async def test_an_idle_process_ends_and_another_starts_when_needed() -> None:
    pool = WorkerPool(WorkerLimits(idle_s=0.05), size=1)
    await pool.run("cover", {"title": "a"})
    await _until(pool, 0)
    assert (await pool.run("cover", {"title": "a"})).data
    await pool.aclose()


async def test_a_worker_inherits_no_secret(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXGATE_TEST_SECRET", "canary")
    await pool.run("cover", {"title": "a"})
    environment = Path(f"/proc/{pool.pids[0]}/environ").read_bytes()
    assert b"PYTHONPATH" in environment
    assert b"canary" not in environment


async def test_memory_and_core_files_of_a_worker_are_limited(pool: WorkerPool) -> None:
    await pool.run("cover", {"title": "a"})
    limits = Path(f"/proc/{pool.pids[0]}/limits").read_text()
    assert re.search(r"Max address space +512000000 ", limits)
    assert re.search(r"Max core file size +0 ", limits)


@pytest.fixture
async def strict() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(WorkerLimits(render_cpu_s=0.3, memory_mb=300), size=1)
    yield made
    await made.aclose()


def _endless() -> dict[str, object]:
    # Quadratic in one HTML attribute; honest articles are nowhere near.
    return request(html="<p " + " ".join(f"a{n}=1" for n in range(60_000)) + ">x</p>")


async def test_processor_time_is_bounded_in_c_code_too(strict: WorkerPool) -> None:
    with pytest.raises(WorkExhausted):
        await strict.run("render", _endless())
    assert (await strict.run("cover", {"title": "next"})).data


async def test_a_wall_clock_ends_what_does_not_answer() -> None:
    pool = WorkerPool(WorkerLimits(wall_s=0.5), size=1)
    task = asyncio.ensure_future(pool.run("cover", {"title": "a"}))
    await _until(pool, 1)
    os.kill(pool.pids[0], signal.SIGSTOP)
    with pytest.raises(WorkExhausted):
        await task
    await _until(pool, 0)
    await pool.aclose()


async def test_a_crash_is_one_requests_failure(pool: WorkerPool, tmp_path: Path) -> None:
    await pool.run("cover", {"title": "a"})
    rule = tmp_path / "rule.py"
    rule.write_text("import os\n\n\ndef use(md):\n    os.abort()\n")
    with pytest.raises(WorkFailed):
        await pool.run("render", {**request("a"), "extensions": [str(rule)]})
    assert (await pool.run("cover", {"title": "b"})).data


async def test_a_worker_killed_while_idle_is_nobodys_failure(pool: WorkerPool) -> None:
    await pool.run("cover", {"title": "a"})
    os.kill(pool.pids[0], signal.SIGKILL)
    await _until(pool, 0)
    assert (await pool.run("cover", {"title": "b"})).data


async def test_a_cancelled_request_takes_its_worker_with_it(pool: WorkerPool) -> None:
    await pool.run("cover", {"title": "a"})
    before = pool.pids[0]
    os.kill(before, signal.SIGSTOP)
    task = asyncio.ensure_future(pool.run("cover", {"title": "b"}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answer = await pool.run("cover", {"title": "c"})
    assert answer.data
    assert before not in pool.pids


async def test_refusals_and_failures_are_told_apart(pool: WorkerPool) -> None:
    with pytest.raises(WorkRefused) as caught:
        await pool.run("render", request("x", title="字" * 33))
    assert caught.value.code == "draft_title_too_long"
    with pytest.raises(WorkFailed):
        await pool.run("render", {})
    # Neither costs a process.
    assert len(pool.pids) == 1
