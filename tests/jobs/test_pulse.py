import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs import pulse as pulses
from jobs.pulse import FILE, Pulse
from store import revisions
from store.engine import Database


def pulse(database: Database, directory: Path, now: float = 1_000) -> Pulse:
    return Pulse(database, directory, clock=lambda: now)


async def test_a_store_that_went_on_has_lost_nothing(database: Database, tmp_path: Path) -> None:
    assert await pulse(database, tmp_path).lost_until() is None
    async with pulse(database, tmp_path), pulse(database, tmp_path):  # two processes
        pass
    assert await pulse(database, tmp_path, 9_999).lost_until() is None


async def test_a_store_that_is_behind_its_file_tells_until_when_it_forgot(
    database: Database, tmp_path: Path
) -> None:
    async with pulse(database, tmp_path):
        pass
    (tmp_path / FILE).write_text('{"beat": 7, "at": 5000}')
    assert await pulse(database, tmp_path, 9_999).lost_until() == 5_020
    assert await pulse(database, tmp_path, 5_001).lost_until() == 5_001
    async with pulse(database, tmp_path):
        pass
    assert await pulse(database, tmp_path, 9_999).lost_until() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"beat": "x", "at": 1}', '{"beat": 1}', "\xff"])
async def test_a_file_that_says_nothing_is_none(
    database: Database, tmp_path: Path, text: str
) -> None:
    (tmp_path / FILE).write_bytes(text.encode("latin-1"))
    assert await pulse(database, tmp_path).lost_until() is None


async def test_it_beats_on_and_leaves_the_file_of_a_store_that_went_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulses, "_BEAT_S", 0.01)

    async def beat() -> int:
        async with database.read() as connection:
            return (await revisions.read(connection))[revisions.PULSE]

    async with asyncio.timeout(20), pulse(database, tmp_path):
        while await beat() < 3:
            await asyncio.sleep(0.01)
        file, ahead = tmp_path / FILE, '{"beat": 100000, "at": 5000}'
        seen = await beat()
        while file.read_text() != ahead or await beat() < seen + 2:
            if file.read_text() != ahead:  # a beat may have been under way when it was written
                file.write_text(ahead)
                seen = await beat()
            await asyncio.sleep(0.01)
    assert await pulse(database, tmp_path, 9_999).lost_until() is not None


class Overtaken(Pulse):
    """Before it looks into the file, another process of its host counts on and keeps that."""

    def by(self, other: Pulse) -> None:
        self._other, self._loop = other, asyncio.get_running_loop()

    def _kept(self) -> dict[str, Any]:
        beat = asyncio.run_coroutine_threadsafe(self._other._beat(), self._loop)
        beat.result(20)
        return super()._kept()


async def test_several_processes_of_a_host_do_not_take_each_other_for_a_restore(
    database: Database, tmp_path: Path
) -> None:
    async with pulse(database, tmp_path) as other:
        slow = Overtaken(database, tmp_path, clock=lambda: 1_000)
        slow.by(other)
        with capture_logs() as logs:
            await slow._beat()
    assert [log["event"] for log in logs if log["log_level"] == "critical"] == []
    assert await pulse(database, tmp_path, 9_999).lost_until() is None
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(FILE)] == [FILE]
