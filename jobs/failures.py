import random
from collections.abc import Callable
from typing import Any

from core.clock import Clock, next_shanghai_midnight
from core.errors import GatewayError, Language, Text
from jobs.claim import Claim, Done, Later, Outcome
from jobs.settings import JobsSettings
from jobs.states import State
from jobs.turns import Turns
from store.engine import StorageUnavailable
from wechat.call import NotBegun, NotSent, OutcomeUnknown, QuotaClosed, WeChatRefused
from wechat.errcodes import DAILY_QUOTA, MINUTE_QUOTA, STALE_TOKEN
from wechat.limits import QUOTA_RESET_LAG_S

_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 600.0
_MINUTE_QUOTA_S = 60.0
_STALE_TOKEN_S = 30.0  # a token that WeChat took away is replaced no sooner


class NeedsReview(GatewayError):
    """What became of something sent to WeChat could not be found out."""

    status = 409
    code = "needs_review"
    category = "system"
    level = "critical"
    message = Text("结果未知，需要人工确认：{reason}", "the outcome is unknown: {reason_en}")
    hint = Text(
        "请在公众号后台的草稿箱和发表记录里确认是否已经成功；确认没有成功时用 /retry："
        "它会再查一遍，草稿还在且没有这篇文章时才再发送一次",
        "look into drafts and publications on mp.weixin.qq.com; if it is not there, /retry looks "
        "once more and, if the draft is there and no such article is, sends once more",
    )


class Quarantined(GatewayError):
    """Each run of the job took the process down."""

    code = "quarantined"
    category = "system"
    message = Text(
        "任务启动 {starts} 次都未能正常结束，已隔离",
        "given up after {starts} starts without an end",
    )
    hint = Text(
        "多半是文章内容触发了程序错误；请带上任务 ID 反馈给管理员",
        "probably the article triggers a fault of the gateway; report it with the job's id",
    )


class Failures:
    """Decides what becomes of a job after a failure: try again, wait, or give up (R-A)."""

    def __init__(
        self,
        settings: JobsSettings,
        *,
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._uniform = uniform
        self._turns = Turns(settings.retries_per_s)

    def outcome(self, claim: Claim, exc: GatewayError) -> Outcome:
        """What to do after `exc`, which did not leave anything unknown at WeChat.

        Raises `exc` where the store failed: the claim may hold what was never committed, so the
        next run goes by what is stored.
        """
        if isinstance(exc, StorageUnavailable):
            raise exc
        now = self._clock()
        exc = exc.cause if isinstance(exc, NotBegun) else exc
        error = stored_error(exc)
        if (pause_until := self.quota_pause(exc)) is not None:
            # The hours until midnight are none in which WeChat could not be reached.
            claim.checkpoint.pop("retries", None)
            return Later(self._turn(claim, pause_until), State.WAITING, error)
        stale = isinstance(exc, WeChatRefused) and exc.wechat_errcode in STALE_TOKEN
        if not (stale or exc.retryable or isinstance(exc, NotSent | OutcomeUnknown)):
            return Done(State.FAILED, error=error)
        tries = claim.checkpoint.setdefault("retries", {"since": now, "count": 0})
        if now - tries["since"] >= self._settings.retry_for_s:
            return Done(State.FAILED, error=error)
        pause_s = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** tries["count"])
        tries["count"] += 1
        # Jobs that failed together must not come back together.
        asked_s = _STALE_TOKEN_S if stale else exc.retry_after_s or 0
        pause_s = max(self._uniform(pause_s / 2, pause_s), asked_s)
        return Later(self._turn(claim, now + pause_s), State.WAITING, error)

    def _turn(self, claim: Claim, earliest: float) -> float:
        return self._turns.take(claim.row.account, earliest, now=self._clock())

    def quota_pause(self, exc: GatewayError) -> float | None:
        """Until when WeChat will refuse the same call for its quota; None for other failures."""
        now = self._clock()
        if isinstance(exc, QuotaClosed):
            return now + (exc.retry_after_s or 0) + self._uniform(1, _MINUTE_QUOTA_S)
        if not isinstance(exc, WeChatRefused):
            return None
        if exc.wechat_errcode == DAILY_QUOTA:
            midnight = next_shanghai_midnight(now - QUOTA_RESET_LAG_S)
            return max(now, midnight) + self._uniform(1, _MINUTE_QUOTA_S)
        if exc.wechat_errcode == MINUTE_QUOTA:
            return now + self._uniform(_MINUTE_QUOTA_S, 2 * _MINUTE_QUOTA_S)
        return None


def stored_error(exc: GatewayError, **details: Any) -> dict[str, Any]:
    """`exc` as it is kept with a job: in both languages, since the reader is not known yet."""
    stored: dict[str, Any] = exc.describe("zh", "")
    english = exc.describe("en", "")
    for name in ("message", "hint"):
        stored[name] = {"zh": stored[name], "en": english[name]}
    del stored["request_id"]
    if details:
        stored["details"] = details
    return stored


def shown_error(stored: dict[str, Any], language: Language, request_id: str) -> dict[str, Any]:
    """A kept error in the form of contract §4."""
    texts = {name: stored[name][language] for name in ("message", "hint")}
    return {**stored, **texts, "request_id": request_id}


def review(reason: Text, **evidence: Any) -> Done:
    """The end of a job whose outcome a person has to find out, with all that is known."""
    exc = NeedsReview(reason=reason.zh, reason_en=reason.en)
    return Done(State.NEEDS_REVIEW, error=stored_error(exc, **evidence))
