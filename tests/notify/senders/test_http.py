import pytest

from fetch.post import Answer, Poster
from fetch.settings import FetchSettings
from notify.sender import DeliveryUnknown, NotDelivered
from notify.senders.http import check_status, json_of, post, post_json, told_by
from sandbox.faults import Fault
from tests.notify.receivers import Receiver


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): v for name, v in headers.items()}, body)


async def test_json_goes_out_in_utf8_without_escapes(receiver: Receiver, poster: Poster) -> None:
    got = await post_json(poster, receiver.url("/x"), {"a": "字"})
    assert receiver.got[0].body == '{"a":"字"}'.encode()
    assert json_of(got)["errcode"] == 0


async def test_who_cannot_be_reached_has_got_nothing(receiver: Receiver, poster: Poster) -> None:
    url = receiver.url("/services/T0/B0/hidden")
    await receiver.aclose()
    with pytest.raises(NotDelivered) as caught:
        await post(poster, url, b"", {})
    assert not caught.value.final
    assert caught.value.reason == "fetch_failed: 127.0.0.1"


async def test_who_takes_it_and_hangs_up_may_have_acted(receiver: Receiver, poster: Poster) -> None:
    receiver.plan.add(Fault(kind="reset_before_read"))
    with pytest.raises(DeliveryUnknown, match=r"^fetch_failed: 127\.0\.0\.1$"):
        await post(poster, receiver.url("/hidden"), b"", {})


async def test_a_forbidden_address_is_final() -> None:
    poster = Poster(FetchSettings(), timeout_s=1)
    with pytest.raises(
        NotDelivered, match=r"^url_forbidden: 10\.0\.0\.1 \(.*fetch\.allow_networks"
    ) as caught:
        await post(poster, "http://10.0.0.1/hidden", b"", {})
    await poster.aclose()
    assert caught.value.final


@pytest.mark.parametrize(
    ("status", "final"), [(301, True), (400, True), (404, True), (429, False), (503, False)]
)
def test_who_refuses_has_done_nothing(status: int, *, final: bool) -> None:
    with pytest.raises(NotDelivered) as caught:
        check_status(answer(status))
    assert caught.value.final == final


@pytest.mark.parametrize("status", [500, 502, 504])
def test_who_breaks_may_have_acted(status: int) -> None:
    with pytest.raises(DeliveryUnknown):
        check_status(answer(status))


@pytest.mark.parametrize(
    ("said", "pause_s"), [("7", 7), ("99999999", 3_600), ("-1", 0), ("soon", 0), ("", 0)]
)
def test_a_pause_is_granted_within_reason(said: str, pause_s: float) -> None:
    with pytest.raises(NotDelivered) as caught:
        check_status(answer(429, retry_after=said))
    assert caught.value.retry_after_s == pause_s


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b"[" * 60_000])
def test_done_in_no_json_is_unknown(body: bytes) -> None:
    with pytest.raises(DeliveryUnknown):
        json_of(answer(200, body))
    with pytest.raises(NotDelivered):
        json_of(answer(404, body))


def test_a_provider_s_words_are_kept_short_and_clean() -> None:
    assert told_by("a\r\nb\x00") == "a b"
    assert told_by(None) == "None"
    assert len(told_by("x" * 5_000)) == 200
    assert "hidden-thing" not in told_by("access_token=hidden-thing")
