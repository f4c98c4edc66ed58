from typing import Any

import pytest

from notify import outcome
from notify.channel_errors import ChannelDisabled
from notify.sender import DeliveryUnknown, NotDelivered, Receipt, Resting, Unreached
from tests.store.test_notifications import notification_row

PAUSES = (10.0, 100.0)


def _follows(
    end: outcome.End, attempts: int = 1, *, repeatable: bool = False
) -> tuple[object, ...]:
    values = outcome.what_follows(
        notification_row(attempts=attempts),
        end,
        PAUSES,
        repeatable=repeatable,
        uniform=lambda low, _high: low,
    )
    return values["state"], values.get("next_at")


def test_sent() -> None:
    end = outcome.sent(5.0, Receipt(by="a" * 99, reference="r"), {"template": "t"})
    assert _follows(end) == ("sent", None)
    assert end.ended.sender == "a" * 64


@pytest.mark.parametrize(
    ("attempts", "follows"), [(1, ("pending", 15.0)), (2, ("pending", 105.0)), (3, ("dead", None))]
)
def test_failed(attempts: int, follows: tuple[object, ...]) -> None:
    assert _follows(outcome.failed(5.0, NotDelivered("no")), attempts) == follows


def test_failed_for_good() -> None:
    assert _follows(outcome.failed(5.0, NotDelivered("no", final=True))) == ("dead", None)


def test_sent_to_some() -> None:
    later = Unreached("b@x.example", "450 greylisted", final=False)
    never = Unreached("c@x.example", "550 no such user", final=True)
    to = ["a@x.example", "b@x.example", "c@x.example"]

    def follows(
        attempts: int, *unreached: Unreached, only: tuple[str, ...] = ()
    ) -> tuple[Any, ...]:
        recipients = {"to": to, **({"only": list(only)} if only else {})}
        end = outcome.sent(5.0, Receipt(unreached=unreached), {"template": "t"})
        values = outcome.what_follows(
            notification_row(attempts=attempts, recipients=recipients),
            *(end, PAUSES),
            repeatable=False,
            uniform=lambda low, _high: low,
        )
        assert values["template"] == "t"
        return values["state"], values.get("next_at"), values["recipients"], values["error"]

    both = "b@x.example: 450 greylisted; c@x.example: 550 no such user"
    only_b = {"to": to, "only": ["b@x.example"]}
    assert follows(1, later, never) == ("pending", 15.0, only_b, both)
    assert follows(2, only=("b@x.example",)) == ("sent", None, {"to": to}, None)
    left = {"to": to, "only": ["b@x.example", "c@x.example"]}
    assert follows(3, later, never) == ("sent", None, left, both)
    assert follows(1, never)[:2] == ("sent", None)


def test_unknown() -> None:
    end = outcome.unknown(5.0, DeliveryUnknown("lost"))
    assert _follows(end) == ("needs_review", None)
    assert _follows(end, repeatable=True) == ("pending", 15.0)
    assert _follows(end, 3, repeatable=True) == ("dead", None)


def test_none_made() -> None:
    end = outcome.none_made(5.0, Resting("slow", retry_after_s=9))
    assert (end.uncounted, end.after_s) == (True, 9)


def test_no_credential_and_no_novel_is_kept_of_a_reason() -> None:
    end = outcome.failed(5.0, NotDelivered("at https://x.test/?access_token=abcdef " + "x" * 999))
    assert end.ended.error is not None
    assert "abcdef" not in end.ended.error
    assert len(end.ended.error) == 500


def test_an_error_of_ours_is_told_with_what_to_do() -> None:
    told = outcome.in_words(ChannelDisabled(channel="ops"))
    assert told.startswith("channel_disabled: ")
    assert told.endswith("→ wxgate channels enable ops")
    assert "the channel ops is disabled" in told
    assert len(outcome.in_words(ChannelDisabled(channel="x" * 999))) == 500


def test_nobody_rests_so_long_that_he_is_never_asked() -> None:
    assert outcome.none_made(5.0, Resting("slow", retry_after_s=1e9)).after_s == 3_600
