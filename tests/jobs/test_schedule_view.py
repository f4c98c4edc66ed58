from jobs.schedule_view import next_times, schedule_json
from store.engine import Database
from tests.jobs.timetable import DAY, MONDAY, Timetable


async def test_it_shows_what_it_does_and_its_next_times(database: Database) -> None:
    timetable = Timetable(database)
    row = await timetable.add(cron="0 8 * * *")
    shown = schedule_json(row)
    assert next_times(row) == [MONDAY + n * DAY for n in range(5)]
    assert shown["next_times"][0] == shown["next_at"] == "2026-11-30T00:00:00.000Z"
    assert (shown["action"], shown["article"]["markdown"]) == ("publish", "正文")
    assert (shown["cron"], shown["timezone"], shown["draft"]) == (
        "0 8 * * *",
        "Asia/Shanghai",
        None,
    )
    once = await timetable.add()
    assert (next_times(once), schedule_json(once)["timezone"]) == ([MONDAY], None)
    assert next_times(await timetable.schedules.pause(once)) == []
