from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError
from jobs.admission import hold_draft
from jobs.claim import Claim, Done, Outcome
from jobs.context import JobsContext
from jobs.failures import Failures
from jobs.journal import Journal
from jobs.manual_steps import steps_by_hand
from jobs.mass import MassSend
from jobs.once import Absent, Found, Once, Resends, Unclear
from jobs.polling import Polling, Quota, urls_of
from jobs.reconcile import Fingerprint, Reconcile, article_ids
from jobs.roundtrip import FindsChanges, changes_of
from jobs.states import State
from store.intents import IntentRow
from store.jobs import JobRow
from wechat.call import Call, WeChatRefused
from wechat.draft import Article, DraftClient
from wechat.errcodes import INVALID_MEDIA_ID, NO_PERMISSION
from wechat.freepublish import FreepublishClient

log = structlog.get_logger(__name__)

STEPS = 2  # of releasing a draft: the submit, and its end


class SubmitDraft:
    """The effect freepublish/submit."""

    name = "submit"
    resends: Resends = "by_order"
    releases = True

    def __init__(
        self,
        publications: FreepublishClient,
        reconcile: Reconcile,
        account: str,
        fingerprint: Fingerprint,
        journal: Journal,
    ) -> None:
        self._publications = publications
        self._account = account
        self._media_id = fingerprint.media_id
        self._reconcile = reconcile
        self._journal = journal
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Hand the draft to WeChat for publishing."""
        return {"publish_id": await self._publications.submit(self._account, self._media_id)}

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        """Look for it among the published articles and the drafts."""
        return await self._reconcile.publication(intent)

    async def record(
        self, connection: AsyncConnection, row: JobRow, answer: Mapping[str, Any]
    ) -> None:
        """Write it into the audit log."""
        await self._journal.submitted(connection, row, self.fingerprint, answer)


class Release:
    """Publishes a draft that is in the box (submit → poll), or sends it to followers.

    For whatever job has come that far, whether it made the draft or was given it.
    """

    def __init__(
        self,
        context: JobsContext,
        call: Call,
        quota: Quota,
        failures: Failures,
        *,
        finder: FindsChanges,
    ) -> None:
        self._database = context.database
        self._drafts = DraftClient(call)
        self._publications = FreepublishClient(call)
        self._reconcile = Reconcile(context.database, self._drafts, self._publications)
        self._once = Once(context)
        self._polling = Polling(context, self._publications, self._reconcile, quota, failures)
        self._mass = MassSend(context, call)
        self._journal = context.journal
        self._finder = finder

    async def __call__(
        self, claim: Claim, fingerprint: Fingerprint, sent: Sequence[Article] = ()
    ) -> Outcome:
        """Go as far as possible now. `sent`: the articles, where the job itself made them."""
        claim.progress["done"] = claim.progress["total"] - STEPS
        if claim.row.action == "mass_send":
            return await self._mass(claim, fingerprint)
        if not claim.checkpoint.keys() & {"publish_id", "article_id"}:
            await hold_draft(self._database, claim, fingerprint.media_id)
            done = await self._submit(claim, fingerprint, sent)
            if done is not None:
                return done
        claim.progress["done"] = claim.progress["total"] - 1
        if "article_id" in claim.checkpoint:
            return await self._polling.published(claim)
        return await self._polling.poll(claim, fingerprint)

    async def _submit(
        self, claim: Claim, fingerprint: Fingerprint, sent: Sequence[Article]
    ) -> Done | None:
        """Submit the draft; the end of the job if WeChat does not let this account publish."""
        account = claim.row.account
        effect = SubmitDraft(
            self._publications, self._reconcile, account, fingerprint, self._journal
        )
        try:
            await self._once.perform(claim, effect)
        except WeChatRefused as exc:
            if exc.wechat_errcode == NO_PERMISSION:
                return await self._ready_for_a_person(claim, fingerprint, sent)
            if exc.wechat_errcode == INVALID_MEDIA_ID and await self.by_hand(claim, fingerprint):
                return None
            raise
        return None

    async def _ready_for_a_person(
        self, claim: Claim, fingerprint: Fingerprint, sent: Sequence[Article]
    ) -> Done:
        """Since July 2025 personal and unverified accounts have to publish by hand."""
        result = {
            "mode": "draft_ready",
            "media_id": fingerprint.media_id,
            **await self.look_at_draft(claim, fingerprint.media_id, sent),
            "next_steps": steps_by_hand(fingerprint.articles[0].title),
        }
        return Done(State.SUCCEEDED, result=result)

    async def by_hand(self, claim: Claim, fingerprint: Fingerprint) -> bool:
        """Whether somebody published the draft meanwhile: then the job has what it was to get."""
        account = claim.row.account
        listed, _ = await self._reconcile.published(account, claim.row.created_at)
        found = await self._reconcile.match(
            listed, fingerprint, account=account, job_id=claim.row.id
        )
        if found is not None:
            claim.checkpoint.update(article_ids(found))
        return found is not None

    async def look_at_draft(
        self, claim: Claim, media_id: str, sent: Sequence[Article]
    ) -> dict[str, Any]:
        """The draft's temporary previews, and what WeChat changed in what it was sent.

        The preview is "" where WeChat does not say: the draft is there.
        """
        try:
            news = await self._drafts.get(claim.row.account, media_id)
        except GatewayError as exc:
            log.info("no preview url", code=exc.code)
            return {"url": ""}
        urls = urls_of([str(item.get("url") or "") for item in news])
        changes = await changes_of(self._finder, sent, news)
        return {**urls, "changed_by_wechat": changes} if changes else urls
