import pytest

from proxy.storm import Storms
from proxy.tokens import TokenConflict
from tests.gateway import MAIN, PERSONAL
from tests.proxy.conftest import Time


@pytest.fixture
def storms(time: Time) -> Storms:
    return Storms(monotonic=time.monotonic)


def call(storms: Storms, *, refused: bool | None) -> None:
    storms.leave(MAIN, storms.enter(MAIN), refused=refused)


def test_a_storm_holds_the_account_back_and_says_why(storms: Storms) -> None:
    for _ in range(20):
        call(storms, refused=True)
    with pytest.raises(TokenConflict) as caught:
        storms.enter(MAIN)
    assert caught.value.retry_after_s == 30
    storms.enter(PERSONAL)


def test_one_call_in_thirty_seconds_looks_whether_it_is_over(storms: Storms, time: Time) -> None:
    for _ in range(20):
        call(storms, refused=True)
    time.now += 30
    ticket = storms.enter(MAIN)
    with pytest.raises(TokenConflict):
        storms.enter(MAIN)
    storms.leave(MAIN, ticket, refused=True)
    with pytest.raises(TokenConflict):
        storms.enter(MAIN)
    time.now += 30
    call(storms, refused=False)
    for _ in range(100):
        call(storms, refused=False)


def test_one_endpoint_that_refuses_every_token_holds_nobody_back(storms: Storms) -> None:
    for _ in range(100):
        for refused in (True, True, True, False):
            call(storms, refused=refused)
