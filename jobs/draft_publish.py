import structlog

from core.clock import Clock
from core.errors import GatewayError, Text
from jobs.claim import Claim, Later, Outcome
from jobs.failures import Failures
from jobs.reconcile import Fingerprint
from jobs.release import Release
from jobs.states import State
from wechat.call import WeChatRefused
from wechat.draft import DraftClient
from wechat.errcodes import INVALID_MEDIA_ID

log = structlog.get_logger(__name__)


class DraftGone(GatewayError):
    """There is no such draft: it was published, or deleted."""

    status = 409
    code = "draft_gone"
    category = "params"
    message = Text("草稿箱里没有 {media_id}", "there is no draft {media_id} in the box")
    hint = Text(
        "它已发表或已删除；在公众号后台或 publications 列表里确认，需要时重新建草稿",
        "it was published or deleted: see the list of publications, make it anew if it is wanted",
    )


class DraftChanged(GatewayError):
    """Somebody changed the draft since its publication was asked for."""

    status = 409
    code = "draft_changed"
    category = "params"
    message = Text(
        "草稿 {media_id} 在安排发表之后被改过", "draft {media_id} was changed since this was asked"
    )
    hint = Text(
        "看过新内容后重新提交，或提交时用 if_changed: publish",
        "look at it and ask again, or say if_changed: publish",
    )


class DraftPublishJob:
    """Works on jobs that publish a draft which is there: look → submit → poll."""

    def __init__(
        self, drafts: DraftClient, release: Release, failures: Failures, *, clock: Clock
    ) -> None:
        self._drafts = drafts
        self._release = release
        self._failures = failures
        self._clock = clock

    async def __call__(self, claim: Claim) -> Outcome:
        """Go as far as possible now."""
        try:
            return await self._steps(claim)
        except GatewayError as exc:
            log.info("job step failed", code=exc.code)
            return self._failures.outcome(claim, exc)

    async def _steps(self, claim: Claim) -> Outcome:
        due_at = claim.row.due_at
        if due_at is not None and due_at > self._clock():
            await self._look_ahead(claim)
            return Later(due_at, State.SCHEDULED)
        claim.checkpoint["media_id"] = claim.row.payload["media_id"]
        if "fingerprint" not in claim.checkpoint and not await self._found(claim):
            raise DraftGone(media_id=claim.row.payload["media_id"])
        return await self._release(claim, Fingerprint.from_json(claim.checkpoint["fingerprint"]))

    async def _look_ahead(self, claim: Claim) -> None:
        """Remember what the draft says now, long before it is published. Raises DraftGone."""
        if _expected(claim) is not None:
            return
        try:
            draft = await self._read(claim)
        except GatewayError as exc:
            log.info("draft not seen in advance", code=exc.code)
            return
        if draft is None:
            raise DraftGone(media_id=claim.row.payload["media_id"])
        claim.checkpoint["seen"] = draft.as_json()
        await claim.save(title=draft.articles[0].title)

    async def _found(self, claim: Claim) -> bool:
        """Whether the draft is there, or was published by somebody else meanwhile.

        Raises DraftChanged. What is found out stands in the checkpoint then.
        """
        expected, draft = _expected(claim), await self._read(claim)
        if draft is None:
            if expected is None or not await self._release.by_hand(claim, expected):
                return False
            draft = expected
        changed = expected is not None and draft.articles != expected.articles
        # Who approved it approved what it said.
        approved = claim.row.approval == "given"
        if changed and (approved or claim.row.payload["if_changed"] == "fail"):
            raise DraftChanged(media_id=draft.media_id)
        claim.checkpoint["fingerprint"] = draft.as_json()
        claim.progress["articles"] = len(draft.articles)
        await claim.save(title=draft.articles[0].title)
        return True

    async def _read(self, claim: Claim) -> Fingerprint | None:
        media_id = claim.row.payload["media_id"]
        try:
            news = await self._drafts.get(claim.row.account, media_id)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return None
            raise
        return await Fingerprint.of_draft(news, media_id)


def _expected(claim: Claim) -> Fingerprint | None:
    """The draft as it was when its publication was asked for, if somebody looked."""
    seen = claim.row.payload["expected"] or claim.checkpoint.get("seen")
    return None if seen is None else Fingerprint.from_json(seen)
