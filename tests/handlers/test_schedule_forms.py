from handlers.schedule_forms import ScheduleAnswer
from jobs.schedule_view import schedule_json
from store.engine import Database
from tests.jobs.timetable import Timetable


async def test_the_answer_has_all_that_is_shown_and_nothing_else(database: Database) -> None:
    shown = schedule_json(await Timetable(database).add(cron="0 8 * * *"))
    assert shown.keys() == ScheduleAnswer.model_fields.keys()
    ScheduleAnswer.model_validate(shown)
