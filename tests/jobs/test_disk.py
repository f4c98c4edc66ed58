import asyncio
import os
import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.metrics import Metrics
from jobs.disk import DiskFull, DiskSettings, DiskWatch
from notify.happening import Happening
from server.following import in_background


def used_percent(directory: Path) -> float:
    """As df counts."""
    stat = os.statvfs(directory)
    used = stat.f_blocks - stat.f_bfree
    return 100 * used / (used + stat.f_bavail)


def watch(directory: Path, told: list[Happening], metrics: Metrics, **marks: float) -> DiskWatch:
    return DiskWatch(directory, DiskSettings(**marks), told.append, metrics, host="gate-1")


def said(told: list[Happening]) -> list[tuple[str, bool]]:
    return [(one.event, one.over) for one in told]


async def test_below_both_marks_what_an_earlier_process_told_is_over(tmp_path: Path) -> None:
    told: list[Happening] = []
    disk = watch(tmp_path, told, metrics := Metrics(), near_percent=100, full_percent=100)
    await disk.look()
    disk.require_room()
    assert said(told) == [("disk.near", True), ("disk.full", True)]
    await disk.look()
    assert len(told) == 2
    shown = metrics.render().decode()
    share = float(shown.split("\nwxgate_disk_used_ratio ")[1].split()[0])
    assert share == pytest.approx(used_percent(tmp_path) / 100, abs=0.05)


async def test_a_disk_above_a_mark_is_told_of_and_takes_nothing_in(tmp_path: Path) -> None:
    told: list[Happening] = []
    low = max(0.000_001, used_percent(tmp_path) / 2)
    disk = watch(tmp_path, told, Metrics(), near_percent=low, full_percent=100)
    await disk.look()
    disk.require_room()
    assert said(told) == [("disk.near", False), ("disk.full", True)]
    assert told[0].key == f"gate-1 {tmp_path}"
    assert told[0].data["free"].endswith(" GB")
    disk.settings = DiskSettings(near_percent=low, full_percent=low)
    await disk.look()
    with pytest.raises(DiskFull) as refused:
        disk.require_room()
    assert (refused.value.status, refused.value.retry_after_s) == (503, 60)
    disk.settings = DiskSettings(near_percent=100, full_percent=100)
    await disk.look()
    disk.require_room()
    assert said(told)[-2:] == [("disk.near", True), ("disk.full", True)]


async def test_at_the_mark_it_does_not_come_and_go(tmp_path: Path) -> None:
    told: list[Happening] = []
    used = used_percent(tmp_path)
    below, above = max(0.000_001, used - 0.5), min(100.0, used + 0.4)
    disk = watch(tmp_path, told, Metrics(), near_percent=below, full_percent=100)
    await disk.look()
    disk.settings = DiskSettings(near_percent=above, full_percent=100)
    await disk.look()
    near = [one.over for one in told if one.event == "disk.near"]
    assert near == [False, False]


async def test_it_is_looked_at_again_and_again(tmp_path: Path) -> None:
    told: list[Happening] = []
    disk = watch(tmp_path, told, Metrics(), near_percent=100, full_percent=100)
    disk.settings = DiskSettings(near_percent=100, full_percent=100, check_s=0.1)
    async with in_background(disk.run(), name="disk"):
        low = max(0.000_001, used_percent(tmp_path) / 2)
        disk.settings = DiskSettings(near_percent=low, full_percent=low, check_s=0.1)
        async with asyncio.timeout(20):
            while ("disk.full", False) not in said(told):
                await asyncio.sleep(0.02)


async def test_a_disk_that_cannot_be_looked_at_changes_nothing(tmp_path: Path) -> None:
    told: list[Happening] = []
    shutil.rmtree(gone := tmp_path / "gone", ignore_errors=True)
    disk = watch(gone, told, Metrics(), near_percent=1, full_percent=1)
    await disk.look()
    disk.require_room()
    assert told == []


def test_marks_stand_in_order() -> None:
    with pytest.raises(ValidationError, match="near_percent"):
        DiskSettings(near_percent=96)
