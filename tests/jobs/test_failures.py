import pytest

from core.clock import next_shanghai_midnight
from core.errors import GatewayError, Text
from jobs.changes import Changes
from jobs.claim import Claim, Done, Later
from jobs.failures import Failures, review, shown_error, stored_error
from jobs.settings import JobsSettings
from jobs.states import State
from store.engine import Database
from tests.store.rows import job_row
from wechat.call import BadAnswer, NotBegun, NotSent, OutcomeUnknown, QuotaClosed, WeChatRefused

NOW = 1_763_740_000.0


@pytest.fixture
def claim() -> Claim:
    return Claim(job_row(), _no_database(), Changes(), clock=lambda: NOW, lease_s=30)


def _no_database() -> Database:
    return None  # type: ignore[return-value]


def _failures(now: float = NOW, *, top: bool = True) -> Failures:
    def uniform(low: float, high: float) -> float:
        return high if top else low

    return Failures(JobsSettings(retry_for_s=3_600), clock=lambda: now, uniform=uniform)


def _refused(errcode: int) -> WeChatRefused:
    return WeChatRefused(errcode=errcode, errmsg="", path="/p")


def test_a_spent_day_ends_at_midnight_in_shanghai(claim: Claim) -> None:
    outcome = _failures().outcome(claim, _refused(45009))
    assert isinstance(outcome, Later)
    assert outcome.run_at == next_shanghai_midnight(NOW) + 60
    assert outcome.state == State.WAITING


def test_just_after_midnight_a_spent_day_may_be_the_day_before(claim: Claim) -> None:
    now = next_shanghai_midnight(NOW) + 20
    outcome = _failures(now).outcome(claim, _refused(45009))
    assert isinstance(outcome, Later)
    assert outcome.run_at == now + 60


def test_a_spent_minute_waits_for_one_at_least(claim: Claim) -> None:
    outcome = _failures(top=False).outcome(claim, _refused(45011))
    assert isinstance(outcome, Later)
    assert outcome.run_at == NOW + 60


@pytest.mark.parametrize("exc", [NotSent(reason="x"), OutcomeUnknown(reason="x"), BadAnswer()])
def test_what_may_pass_is_tried_at_growing_intervals_and_then_given_up(
    claim: Claim, exc: GatewayError
) -> None:
    pauses = []
    for _ in range(9):
        outcome = _failures().outcome(claim, exc)
        assert isinstance(outcome, Later)
        pauses.append(outcome.run_at - NOW)
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert isinstance(_failures(NOW + 3_599).outcome(claim, exc), Later)
    outcome = _failures(NOW + 3_600).outcome(claim, exc)
    assert isinstance(outcome, Done)
    assert outcome.state == State.FAILED


@pytest.mark.parametrize(
    "quota", [_refused(45009), QuotaClosed(path="/p", until="0:00", retry_after_s=40_000)]
)
def test_the_wait_for_a_quota_is_no_time_in_which_wechat_could_not_be_reached(
    claim: Claim, quota: GatewayError
) -> None:
    assert isinstance(_failures().outcome(claim, NotSent(reason="x")), Later)
    assert isinstance(_failures(NOW + 60).outcome(claim, quota), Later)
    outcome = _failures(NOW + 40_100).outcome(claim, NotSent(reason="x"))
    assert isinstance(outcome, Later)


def test_jobs_that_failed_together_come_back_apart(claim: Claim) -> None:
    early = _failures(top=False).outcome(claim, NotSent(reason="x"))
    assert isinstance(early, Later)
    assert early.run_at == NOW + 2.5


def test_the_pause_that_is_asked_for_is_kept(claim: Claim) -> None:
    outcome = _failures().outcome(claim, NotSent(reason="x", retry_after_s=77))
    assert isinstance(outcome, Later)
    assert outcome.run_at == NOW + 77


@pytest.mark.parametrize("exc", [_refused(40164), _refused(48001), GatewayError()])
def test_what_needs_a_person_fails_at_once(claim: Claim, exc: GatewayError) -> None:
    outcome = _failures().outcome(claim, exc)
    assert isinstance(outcome, Done)
    assert outcome.state == State.FAILED


def test_what_stood_in_the_way_of_a_call_is_judged_and_shown_as_itself(claim: Claim) -> None:
    outcome = _failures().outcome(claim, NotBegun(_refused(40164)))
    assert outcome == Done(State.FAILED, error=stored_error(_refused(40164)))


def test_a_token_refused_twice_is_tried_again_when_there_may_be_another(claim: Claim) -> None:
    outcome = _failures().outcome(claim, _refused(40001))
    assert isinstance(outcome, Later)
    assert (outcome.run_at, outcome.state) == (NOW + 30, State.WAITING)
    assert isinstance(_failures(NOW + 3_600).outcome(claim, _refused(40001)), Done)


def test_a_kept_error_is_shown_in_the_readers_language() -> None:
    stored = stored_error(_refused(40164), seen=1)
    for language, word in (("zh", "微信"), ("en", "WeChat")):
        shown = shown_error(stored, language, "req_1")  # type: ignore[arg-type]
        assert word in shown["message"]
        assert shown["request_id"] == "req_1"
        assert shown["upstream"]["errcode"] == 40164
        assert shown["details"] == {"seen": 1}


def test_a_review_says_why_and_what_is_known() -> None:
    done = review(Text("因为", "because"), listed=3)
    assert done.state == State.NEEDS_REVIEW
    assert done.error is not None
    assert "because" in done.error["message"]["en"]
    assert "因为" in done.error["message"]["zh"]
    assert done.error["details"] == {"listed": 3}
