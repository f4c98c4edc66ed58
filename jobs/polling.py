import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

from core.clock import next_shanghai_midnight
from core.errors import GatewayError, Text
from jobs.claim import Claim, Done, Later, Outcome
from jobs.context import JobsContext
from jobs.failures import Failures, review, stored_error
from jobs.reconcile import Fingerprint, Listed, Reconcile, article_ids
from jobs.states import State
from store import events, intents
from store.events import EventRow
from wechat.call import QuotaClosed, WeChatRefused
from wechat.errcodes import DAILY_QUOTA
from wechat.freepublish import BATCHGET, GET, FreepublishClient, Publication, PublishStatus
from wechat.pushed import PUBLISHED, publication_of

# With one list for all jobs every 15 minutes, a day takes 96 of the 100 freepublish/batchget.
_SHARED_LIST_S = 900
_LIST_IS_FRESH_S = 60


class Quota(Protocol):
    """The ledger of calls that WeChat counts by the day; `proxy.call.Calls` keeps it."""

    def remaining(self, account: str, path: str) -> int | None:
        """How many calls are left until midnight in Shanghai; None where no limit is known."""
        ...


class PublishFailed(GatewayError):
    """WeChat took the draft and did not publish it."""

    status = 422
    code = "publish_failed"
    category = "content"
    message = Text("微信没有发表这篇文章：{reason}", "WeChat did not publish it: {reason_en}")
    hint = Text(
        "草稿可能仍在草稿箱；在公众号后台查看原因，修改后重新提交",
        "the draft may still be in the draft box; see the reason on mp.weixin.qq.com, mend it",
    )


_REASONS = {
    PublishStatus.ORIGINALITY_FAILED: Text("原创声明失败", "the claim of originality failed"),
    PublishStatus.FAILED: Text("发表失败", "publishing failed"),
    PublishStatus.REVIEW_REFUSED: Text("平台审核不通过", "the platform's review refused it"),
    PublishStatus.DELETED: Text("发表后已被删除", "published, then deleted by a user"),
    PublishStatus.BANNED: Text("发表后被平台封禁", "published, then banned by the platform"),
}
_ENDS = frozenset(PublishStatus) - {PublishStatus.IN_PROGRESS}
_TOO_LONG = Text("微信迟迟没有给出发表结果", "WeChat has not come to an end with publishing it")
_TAKEN = Text("另一个任务已把这篇文章当作自己的", "another job has taken that article for its own")
_UNKNOWN_STATUS = Text("微信返回了未知的发表状态", "WeChat answered an unknown publish_status")


class Polling:
    """Asks WeChat how a publication goes, within the 100 freepublish/get an account has a day.

    An event that WeChat pushed encrypted spares the call; one in plain, which others could have
    written, only brings it forward. Between two looks the job is a row. When few calls are left,
    one freepublish/batchget answers for all jobs of the account; when those are spent too,
    midnight in Shanghai.
    """

    def __init__(
        self,
        context: JobsContext,
        publications: FreepublishClient,
        reconcile: Reconcile,
        quota: Quota,
        failures: Failures,
    ) -> None:
        self._database = context.database
        self._settings = context.settings
        self._clock = context.clock
        self._journal = context.journal
        self._publications = publications
        self._reconcile = reconcile
        self._quota = quota
        self._failures = failures
        self._lists: defaultdict[str, _SharedList] = defaultdict(_SharedList)

    async def poll(self, claim: Claim, fingerprint: Fingerprint) -> Outcome:
        """Look once, if it is time; say what that means for the job."""
        now = self._clock()
        submitted_at = claim.checkpoint.setdefault("submitted_at", now)
        told = await self._told(claim)
        publication = _end_in(told)
        if publication is not None:
            return await self._as_it_stands(claim, publication)
        if told is None and now < submitted_at + self._settings.first_poll_s[0]:
            return Later(submitted_at + self._settings.first_poll_s[0])
        outcome = await self._outcome(claim, fingerprint)
        # Waiting for a quota it has not looked, so it cannot have looked in vain.
        unended = isinstance(outcome, Later) and outcome.state == State.RUNNING
        if unended and now - submitted_at > self._settings.poll_for_s:
            return review(_TOO_LONG, publish_id=claim.checkpoint["publish_id"])
        return outcome

    async def _told(self, claim: Claim) -> EventRow | None:
        """The event in the inbox that tells of this publication; before the answer, or after."""
        account, publish_id = claim.row.account, claim.checkpoint["publish_id"]
        async with self._database.read() as connection:
            told = await events.about(connection, account, PUBLISHED, publish_id)
        if told is not None and told.job_id is None:
            async with self._database.write() as connection:
                await events.join(connection, account, PUBLISHED, publish_id, claim.row.id)
        return told

    async def _outcome(self, claim: Claim, fingerprint: Fingerprint) -> Outcome:
        try:
            return await self._look(claim, fingerprint)
        except GatewayError as exc:
            # The draft is submitted: that WeChat cannot be asked does not make the job fail.
            pause_until = self._failures.quota_pause(exc)
            if pause_until is not None:
                return Later(pause_until, State.WAITING, stored_error(exc))
            return Later(self._next_look(claim), State.RUNNING, stored_error(exc))

    async def _look(self, claim: Claim, fingerprint: Fingerprint) -> Outcome:
        left = self._quota.remaining(claim.row.account, GET)
        if left is None or left >= self._settings.low_budget:
            try:
                return await self._by_get(claim)
            except QuotaClosed:
                pass  # the list serves
            except WeChatRefused as exc:
                if exc.wechat_errcode != DAILY_QUOTA:
                    raise
        return await self._by_list(claim, fingerprint)

    async def _by_get(self, claim: Claim) -> Outcome:
        publish_id = claim.checkpoint["publish_id"]
        publication = await self._publications.get(claim.row.account, publish_id)
        return await self._as_it_stands(claim, publication)

    async def _as_it_stands(self, claim: Claim, publication: Publication) -> Outcome:
        """What the state of a publication means for its job."""
        publish_id, status = claim.checkpoint["publish_id"], publication.publish_status
        if status == PublishStatus.IN_PROGRESS:
            return Later(self._next_look(claim))
        if status == PublishStatus.DONE:
            return await self._done(claim, publication)
        if status not in tuple(PublishStatus):
            return review(_UNKNOWN_STATUS, publish_id=publish_id, publish_status=status)
        reason = _REASONS[PublishStatus(status)]
        failed = PublishFailed(reason=reason.zh, reason_en=reason.en)
        return Done(
            State.FAILED, error=stored_error(failed, publish_id=publish_id, publish_status=status)
        )

    async def _done(self, claim: Claim, publication: Publication) -> Outcome:
        if not publication.article_id:
            return Later(self._next_look(claim))  # an answer without its ids is no answer
        claim.checkpoint["article_id"] = publication.article_id
        claim.checkpoint["article_urls"] = list(publication.article_urls)
        return await self.published(claim)

    async def published(self, claim: Claim) -> Done:
        """The end of a job whose article's ids stand in the checkpoint."""
        article_id, publish_id = claim.checkpoint["article_id"], claim.checkpoint.get("publish_id")
        async with self._database.write() as connection:
            ours = await intents.own_article(connection, claim.row.id, article_id)
            if ours:
                await self._journal.published(connection, claim.row, article_id)
        if ours:
            return _published(claim)
        del claim.checkpoint["article_id"]
        return review(_TAKEN, publish_id=publish_id, article_id=article_id)

    async def _by_list(self, claim: Claim, fingerprint: Fingerprint) -> Outcome:
        account, now = claim.row.account, self._clock()
        since = claim.checkpoint["submitted_at"]
        shared = self._lists[account]
        async with shared.lock:
            if not shared.serves(since, now):
                if self._quota.remaining(account, BATCHGET) == 0:
                    midnight = next_shanghai_midnight(now)
                    return Later(midnight + 1, State.WAITING, stored_error(QuotaSpent()))
                shared.listed, _ = await self._reconcile.published(account, since)
                shared.since, shared.read_at = since, now
        found = await self._reconcile.match(
            shared.listed, fingerprint, account=account, job_id=claim.row.id
        )
        if found is not None and await self._take(claim, found):
            return _published(claim)
        # All jobs of the account look at the same moments, so that one list serves them.
        return Later((now // _SHARED_LIST_S + 1) * _SHARED_LIST_S)

    async def _take(self, claim: Claim, found: Listed) -> bool:
        """Whether the article found in a list is ours now; not if another job was quicker."""
        async with self._database.write() as connection:
            ours = await intents.own_article(connection, claim.row.id, found.id)
            if ours:
                await self._journal.published(connection, claim.row, found.id)
        if ours:
            claim.checkpoint.update(article_ids(found))
        return ours

    def _next_look(self, claim: Claim) -> float:
        now = self._clock()
        looks = (claim.checkpoint["submitted_at"] + s for s in self._settings.first_poll_s)
        return next((at for at in looks if at > now), now + self._settings.poll_every_s)


def _end_in(told: EventRow | None) -> Publication | None:
    """The end of a publication, where the event that tells of it is to be believed and is whole."""
    found = publication_of(told.body) if told is not None and told.sealed else None
    if found is None or found.publish_status not in _ENDS:
        return None
    return found if found.article_id or found.publish_status != PublishStatus.DONE else None


def _published(claim: Claim) -> Done:
    result = {
        "mode": "published",
        "media_id": claim.checkpoint["media_id"],
        "publish_id": claim.checkpoint.get("publish_id"),
        "article_id": claim.checkpoint["article_id"],
        **urls_of(claim.checkpoint["article_urls"]),
    }
    return Done(State.SUCCEEDED, result=result)


def urls_of(urls: Sequence[str]) -> dict[str, Any]:
    """What a result says of addresses: `url` is the first one's, `urls` all of several."""
    first = urls[0] if urls else ""
    return {"url": first, "urls": list(urls)} if len(urls) > 1 else {"url": first}


class QuotaSpent(GatewayError):
    """No call is left today that could tell how a publication goes."""

    status = 429
    code = "upstream_quota"
    category = "quota"
    level = "warning"
    retryable = True
    message = Text("今天的发表状态查询次数已用完", "today's calls to ask for it are used up")
    hint = Text(
        "文章已提交发表；北京时间零点后自动继续查询",
        "the article is submitted; it is looked after again after midnight in Shanghai",
    )


class _SharedList:
    """The newest publications of an account, read by one job for all of them."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.listed: list[Listed] = []
        self.since = math.inf
        self.read_at = -math.inf

    def serves(self, since: float, now: float) -> bool:
        """Whether it is fresh and reaches back so far."""
        return self.since <= since and now - self.read_at < _LIST_IS_FRESH_S
