import asyncio
from pathlib import Path

from core.metrics import Metrics
from notify.happening import Happening
from server.backup.clockwork import DUTY, Clockwork, Plan
from server.backup.making import Target
from store.engine import Database
from store.leader import Leader


class Rig:
    """Backups every hour, by a clock that tests move."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.now = 1_795_000_000.0
        self.folder = folder
        self.told: list[Happening] = []
        self.database = database

    def clockwork(self, owner: str) -> Clockwork:
        leader = Leader(self.database, DUTY, owner, lease_s=900, clock=lambda: self.now)
        plan = Plan(3_600, 2, lambda: Target(self.folder))
        tell, metrics = self.tell, Metrics()
        return Clockwork(self.database, leader, plan, tell, metrics, clock=lambda: self.now)

    def tell(self, happening: Happening) -> None:
        self.told.append(happening)

    @property
    def made(self) -> int:
        return len(list(self.folder.glob("*.backup")))


async def test_of_several_processes_one_makes_it_at_its_time(
    database: Database, tmp_path: Path
) -> None:
    rig = Rig(database, tmp_path / "to")
    both = [rig.clockwork("a"), rig.clockwork("b")]
    assert sorted(await asyncio.gather(*(each.once() for each in both))) == [False, True]
    rig.now += 3_000
    assert not any([await each.once() for each in both])
    rig.now += 700
    assert sum([await each.once() for each in both]) == 1
    rig.now += 4_700  # whoever had the duty is gone
    assert await both[1].once()
    assert rig.made == 2  # no more are kept
    assert all(each.over for each in rig.told)


async def test_a_failure_is_told_and_tried_again_later(database: Database, tmp_path: Path) -> None:
    rig = Rig(database, tmp_path / "to")
    (tmp_path / "to").write_text("in the way")
    clockwork = rig.clockwork("a")
    assert not await clockwork.once()
    assert rig.told[0].event == "backup.failed"
    assert rig.told[0].data["reason"]
    (tmp_path / "to").unlink()
    assert not await clockwork.once()  # not at once
    rig.now += 700
    assert await clockwork.once()
    assert rig.told[-1].over
