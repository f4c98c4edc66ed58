import time
from pathlib import Path

import pytest

from store.clock import StoreClock, open_clock, steady
from store.engine import Database, DatabaseSettings, open_database


def skewed(database: Database, ahead_s: float) -> StoreClock:
    return StoreClock(database, wall=lambda: time.time() + ahead_s)


@pytest.mark.parametrize("ahead_s", [30.0, -30.0, 0.0])
async def test_hosts_whose_clocks_differ_have_one_time(postgres: Database, ahead_s: float) -> None:
    clock = skewed(postgres, ahead_s)
    assert abs(clock() - time.time() - ahead_s) < 5  # before the first look, its host's
    await clock.look()
    assert abs(clock() - time.time()) < 5
    assert abs(clock.skew_s - ahead_s) < 5


async def test_a_clock_that_is_set_meanwhile_changes_nothing(postgres: Database) -> None:
    wall = 0.0
    clock = StoreClock(postgres, wall=lambda: time.time() + wall)
    await clock.look()
    before = clock()
    wall = 3_600.0
    assert 0 <= clock() - before < 60


async def test_it_goes_on_by_itself(postgres: Database) -> None:
    passed = 1_000.0
    clock = StoreClock(postgres, passes=lambda: passed)
    await clock.look()
    before = clock()
    passed += 40
    assert clock() - before == pytest.approx(40)
    await clock.look()  # what the store says counts
    assert clock() - before < 30


async def test_on_sqlite_it_is_the_hosts_clock(tmp_path: Path) -> None:
    async with open_database(DatabaseSettings(), tmp_path) as database:
        clock = StoreClock(database, wall=lambda: 42.0)
        await clock.look()
    assert (clock(), clock.skew_s) == (42.0, 0.0)


async def test_it_is_opened_set(database: Database) -> None:
    clock = await open_clock(database)
    assert abs(clock() - time.time()) < 5


def test_what_passes_never_goes_back() -> None:
    seen = [steady() for _ in range(100)]
    assert seen == sorted(seen)
