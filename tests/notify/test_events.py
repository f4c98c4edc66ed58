from typing import get_args

from notify.events import EVENTS, EventName


def test_every_event_has_a_severity_and_a_title_in_both_languages() -> None:
    assert list(EVENTS) == list(get_args(EventName))
    assert [name for name, event in EVENTS.items() if not (event.title.zh and event.title.en)] == []
