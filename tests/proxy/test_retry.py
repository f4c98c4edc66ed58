import pytest

from core.errors import GatewayError
from core.metrics import Metrics
from proxy.budget import RetryBudgets
from proxy.deadline import Deadline
from proxy.retry import Errand, Patience, Retrier, Sleep, patience_for
from proxy.stable_token import TokenUnavailable
from tests.gateway import MAIN
from wechat.call import BadAnswer, NotSent, OutcomeUnknown, WeChatRefused
from wechat.catalogue import load_catalogue


async def no_wait(_seconds: float) -> None:
    return


class Failing:
    """Fails as told, then succeeds."""

    def __init__(self, *failures: GatewayError) -> None:
        self._failures = list(failures)
        self.made = 0

    async def __call__(self) -> str:
        self.made += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"


def refused(errcode: int) -> WeChatRefused:
    return WeChatRefused(errcode=errcode, errmsg="x", path="/x")


def retrier(sleep: Sleep = no_wait) -> Retrier:
    return Retrier(RetryBudgets(), Metrics(), sleep=sleep)


def errand(patience: Patience, *, seconds: float = 60, hosts: int = 1) -> Errand:
    return Errand(MAIN, patience, Deadline(seconds), hosts)


UNKNOWN, NOT_SENT = OutcomeUnknown(reason="x"), NotSent(reason="x")
ALL = Patience(not_sent=2, busy=2, unknown=2)
NONE = Patience(not_sent=0, busy=0, unknown=0)


@pytest.mark.parametrize("failure", [UNKNOWN, NOT_SENT, refused(-1), BadAnswer(reason="x")])
async def test_each_class_of_failure_has_its_own_patience(failure: GatewayError) -> None:
    call = Failing(failure, failure)
    assert await retrier().run(errand(ALL), call) == "done"
    assert call.made == 3
    call = Failing(failure)
    with pytest.raises(type(failure)):
        await retrier().run(errand(NONE), call)
    assert call.made == 1


async def test_the_classes_are_counted_apart() -> None:
    call = Failing(NOT_SENT, UNKNOWN, refused(-1), NOT_SENT, UNKNOWN, refused(-1))
    assert await retrier().run(errand(ALL), call) == "done"
    call = Failing(NOT_SENT, UNKNOWN, NOT_SENT, NOT_SENT)
    with pytest.raises(NotSent):
        await retrier().run(errand(ALL), call)
    assert call.made == 4


@pytest.mark.parametrize(
    "failure", [refused(40007), refused(45009), refused(48001), TokenUnavailable(reason="x")]
)
async def test_what_is_certain_is_not_repeated(failure: GatewayError) -> None:
    call = Failing(failure)
    with pytest.raises(type(failure)):
        await retrier().run(errand(ALL), call)
    assert call.made == 1


async def test_no_repeat_begins_after_the_deadline() -> None:
    call = Failing(UNKNOWN)
    with pytest.raises(OutcomeUnknown):
        await retrier().run(errand(ALL, seconds=0), call)
    assert call.made == 1


async def test_waits_are_random_and_bounded() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    for _ in range(20):
        await retrier(note).run(errand(ALL), Failing(UNKNOWN, UNKNOWN))
    assert len(set(waits)) > 20
    assert all(0 <= wait_s <= 2 for wait_s in waits)


def test_no_call_that_may_not_happen_twice_is_repeated_after_an_unknown_outcome() -> None:
    harmless = {
        "/cgi-bin/media/uploadimg", "/cgi-bin/media/upload", "/cgi-bin/material/add_material",
    }  # fmt: skip
    for endpoint in load_catalogue():
        patience = patience_for(endpoint)
        if endpoint.write and not endpoint.idempotent and endpoint.path not in harmless:
            assert (patience.unknown, patience.busy) == (0, 0), endpoint.path
    assert patience_for(None).unknown == 0
