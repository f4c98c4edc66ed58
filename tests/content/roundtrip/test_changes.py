import pytest

from content.roundtrip.changes import ChangeFinder
from content.workers import WorkerLimits, WorkerPool


async def test_a_worker_tells_what_was_changed(pool: WorkerPool) -> None:
    finder = ChangeFinder(pool)
    [change] = await finder.changes("<p style='top:0'>a</p>", "<p>a</p>")
    assert change == {
        "what": "style",
        "change": "dropped",
        "name": "top",
        "sent": "0",
        "kept": "",
        "count": 1,
    }
    assert await finder.changes("<p>a</p>", "<p>a</p>") == []


async def test_what_takes_too_long_is_not_told() -> None:
    pool = WorkerPool(WorkerLimits(cpu_s=0.5), size=1)
    hostile = "<a " + " ".join(f"b{n}=1" for n in range(40_000)) + ">"
    assert await ChangeFinder(pool).changes("<p>a</p>", hostile) == []
    await pool.aclose()


async def test_where_no_worker_starts_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/does/not/exist")
    pool = WorkerPool(WorkerLimits(), size=1)
    assert await ChangeFinder(pool).changes("<p>a</p>", "<p>b</p>") == []
    await pool.aclose()
