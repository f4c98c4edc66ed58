from notify.advice import ADVICE
from notify.events import EVENTS


def test_who_is_told_of_trouble_is_told_what_to_do() -> None:
    trouble = {name for name, event in EVENTS.items() if event.severity != "info"}
    told_in_the_title = {"key.revoked"}
    assert trouble - ADVICE.keys() == told_in_the_title
    assert all(text.zh and text.en for text in ADVICE.values())
