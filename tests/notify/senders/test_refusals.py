from core.errors import Text
from notify.senders.refusals import Refusal, refused


def test_a_known_code_is_told_with_its_cure() -> None:
    end = refused(7, "no way", Refusal(Text("改密钥", "mend the secret"), rest_s=3))
    assert end.reason == "7: no way (改密钥 / mend the secret)"
    assert (end.final, end.retry_after_s) == (True, 3)


def test_an_unknown_code_may_be_a_passing_fault() -> None:
    assert not refused("X.Y", None, None).final


def test_what_was_said_is_short_one_line_and_without_credentials() -> None:
    end = refused(1, "a\nb secret=abcdefgh " + "x" * 1_000, None)
    assert "\n" not in end.reason
    assert "abcdefgh" not in end.reason
    assert len(end.reason) < 300
