from typing import Any

from store import schedules
from store.engine import Database
from store.schedules import ScheduleFilter, ScheduleRow


def row(schedule_id: str = "sch_1", **values: Any) -> ScheduleRow:
    """An active one that is due at 100."""
    defaults: dict[str, Any] = {
        "id": schedule_id,
        "account": "main",
        "client_id": "blog",
        "name": "早报",
        "state": "active",
        "work": {"kind": "article"},
        "cron": None,
        "timezone": "Asia/Shanghai",
        "next_at": 100.0,
        "if_late": "publish",
        "max_late_s": 60.0,
        "created_at": 1.0,
        "updated_at": 1.0,
    }
    return ScheduleRow(**{**defaults, **values})


async def _add(database: Database, *added: ScheduleRow) -> None:
    async with database.write() as connection:
        for each in added:
            assert await schedules.insert(connection, each)


async def test_one_comes_back_as_it_was_put(database: Database) -> None:
    await _add(database, row(key_hash="k"))
    async with database.write() as connection:
        assert await schedules.get(connection, "sch_1") == row(key_hash="k")
        assert await schedules.made_by(connection, "k") == row(key_hash="k")
        assert await schedules.made_by(connection, "other") is None
        assert not await schedules.insert(connection, row("sch_2", key_hash="k"))


async def test_only_active_ones_come_due_in_their_order(database: Database) -> None:
    await _add(
        database,
        *(row("sch_1", next_at=3.0), row("sch_2", next_at=2.0), row("sch_3", next_at=9.0)),
        *(row("sch_4", state="paused", next_at=1.0), row("sch_5", state="ended", next_at=None)),
    )
    async with database.write() as connection:
        assert await schedules.next_due(connection) == 2.0
        due = await schedules.take_due(connection, 3.0, limit=9)
        assert [each.id for each in due] == ["sch_2", "sch_1"]
        if not database.is_sqlite:  # where a writer is never alone
            async with database.write() as other:
                assert await schedules.take_due(other, 3.0, limit=9) == []


async def test_a_change_asks_for_the_version(database: Database) -> None:
    await _add(database, row())
    async with database.write() as connection:
        changed = await schedules.change(connection, row(), {"state": "paused"})
        assert changed == row(state="paused", version=2)
        assert await schedules.change(connection, row(), {"state": "active"}) is None


async def test_lists_leave_out_what_it_does(database: Database) -> None:
    await _add(database, row("sch_1"), row("sch_2", client_id="other"), row("sch_3", account="b"))
    async with database.read() as connection:
        wanted = ScheduleFilter("main")
        page = await schedules.page(connection, wanted, before=None, limit=9)
        assert [each.id for each in page] == ["sch_2", "sch_1"]
        assert not hasattr(page[0], "work")
        assert await schedules.page(connection, wanted, before="sch_1", limit=9) == []
        assert await schedules.unended(connection, "blog") == 2
