import pytest

from proxy.lockout import AuthSettings, Lockout, TooManyFailures
from tests.proxy.conftest import Time

SETTINGS = AuthSettings(failures_per_minute=3, address_failures_per_minute=5)


@pytest.fixture
def lockout(time: Time) -> Lockout:
    return Lockout(SETTINGS, clock=time)


def fail(lockout: Lockout, peer: str | None, claimed: str, times: int = 1) -> int:
    """How many of `times` wrong credentials were refused with more than "wrong"."""
    refused = 0
    for _ in range(times):
        try:
            lockout.check(peer, claimed)
            lockout.failed(peer, claimed)
        except TooManyFailures:
            refused += 1
    return refused


def open_to(lockout: Lockout, peer: str | None, claimed: str) -> bool:
    try:
        lockout.check(peer, claimed)
    except TooManyFailures:
        return False
    return True


def test_beyond_the_limit_nothing_is_looked_at(lockout: Lockout) -> None:
    assert fail(lockout, "10.0.0.1", "blog", 3) == 0
    assert not open_to(lockout, "10.0.0.1", "blog")


def test_the_owner_and_others_go_on(lockout: Lockout) -> None:
    fail(lockout, "10.0.0.1", "blog", 100)
    assert open_to(lockout, "10.0.0.2", "blog")
    assert open_to(lockout, "10.0.0.1", "reader")


def test_whoever_tries_many_clients_is_told_so_and_bars_nobody(lockout: Lockout) -> None:
    assert fail(lockout, "10.0.0.1", "a", 1) == 0
    refused = [fail(lockout, "10.0.0.1", f"client-{n}") for n in range(20)]
    assert refused == [0] * 4 + [1] * 16
    assert open_to(lockout, "10.0.0.1", "blog")  # who has not failed
    assert not open_to(lockout, "10.0.0.1", "a")  # who has, if only once


def test_what_claims_to_be_nobody_bars_nobody(lockout: Lockout) -> None:
    assert fail(lockout, "10.0.0.1", "", 5) == 0
    assert fail(lockout, "10.0.0.1", "", 5) == 5
    assert open_to(lockout, "10.0.0.1", "blog")


def test_a_minute_later_all_is_forgotten(lockout: Lockout, time: Time) -> None:
    fail(lockout, "10.0.0.1", "blog", 3)
    time.now += 59
    with pytest.raises(TooManyFailures) as caught:
        lockout.check("10.0.0.1", "blog")
    assert caught.value.retry_after_s == 1
    time.now += 1
    lockout.check("10.0.0.1", "blog")
    assert not lockout._failures


def test_the_window_slides(lockout: Lockout, time: Time) -> None:
    fail(lockout, "10.0.0.1", "blog", 2)
    time.now += 40
    fail(lockout, "10.0.0.1", "blog", 1)
    assert not open_to(lockout, "10.0.0.1", "blog")
    time.now += 20
    assert open_to(lockout, "10.0.0.1", "blog")
    fail(lockout, "10.0.0.1", "blog", 2)
    assert not open_to(lockout, "10.0.0.1", "blog")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("unknown", "unknown", True),
        (None, None, True),
    ],
)
def test_an_address_is_what_one_subscriber_has(
    lockout: Lockout, one: str | None, other: str | None, *, same: bool
) -> None:
    fail(lockout, one, "blog", 3)
    assert open_to(lockout, other, "blog") is not same


def test_what_is_remembered_is_bounded(lockout: Lockout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.lockout._REMEMBERED", 100)
    for number in range(10_000):
        fail(lockout, f"10.0.{number // 250}.{number % 250}", "blog")
    assert len(lockout._failures) == 100


def test_while_nobody_fails_nothing_is_looked_up() -> None:
    def no_time() -> float:
        raise AssertionError

    Lockout(SETTINGS, clock=no_time).check("not even parsed", "blog")


def test_other_limits_count_at_once(lockout: Lockout) -> None:
    fail(lockout, "10.0.0.1", "blog", 3)
    assert not open_to(lockout, "10.0.0.1", "blog")
    lockout.replace_limits(AuthSettings(failures_per_minute=5, address_failures_per_minute=5))
    fail(lockout, "10.0.0.1", "blog", 4)
    assert open_to(lockout, "10.0.0.1", "blog")
    fail(lockout, "10.0.0.1", "blog")
    assert not open_to(lockout, "10.0.0.1", "blog")
