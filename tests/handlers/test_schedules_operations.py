from handlers import schedules_operations as about
from handlers.schedule_forms import ScheduleAnswer, ScheduleRequest


def test_the_examples_are_what_is_taken_and_answered() -> None:
    ScheduleRequest.model_validate(about.CREATE.example)
    for operation in (about.CREATE, about.GET, about.CHANGE, about.PAUSE, about.APPROVE):
        ScheduleAnswer.model_validate(operation.answer_example)
