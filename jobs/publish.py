import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import structlog

from content.article import ArticleFields, BuiltArticle, Warning_
from core.clock import Clock
from core.errors import GatewayError
from jobs.claim import Claim, Done, Outcome
from jobs.context import JobsContext
from jobs.failures import Failures
from jobs.manual_steps import steps_by_hand
from jobs.once import Absent, Found, Once, Unclear
from jobs.plaintext import text_hash
from jobs.polling import Polling, Quota
from jobs.reconcile import Fingerprint, Reconcile, article_ids
from jobs.rights import LiveClient, check_rights
from jobs.states import State
from store import job_files
from store.engine import Database
from store.intents import IntentRow
from wechat.call import Call, WeChatRefused
from wechat.draft import Article, DraftClient
from wechat.errcodes import INVALID_MEDIA_ID, NO_PERMISSION
from wechat.freepublish import FreepublishClient

log = structlog.get_logger(__name__)

KIND = "article"
_STEPS_OF_PUBLISHING = 2  # the submit, and its end
_SAVE_PROGRESS_S = 0.5  # progress is worth a write of the database so often

Progress = Callable[[str, int, int], Awaitable[None]]


class BuildsArticles(Protocol):
    """Turns fields and files into an article ready for draft/add; `content.build` does."""

    async def build(
        self,
        account: str,
        fields: ArticleFields,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> BuiltArticle:
        """Render, and upload the pictures. May run again after a crash: uploads are remembered."""
        ...


class ForgetsImages(Protocol):
    """The memory of uploaded pictures; `store.images` is it."""

    async def forget(self, account: str, value: str) -> None:
        """WeChat has that media_id no more."""
        ...


class AddDraft:
    """The effect draft/add."""

    name = "draft"
    resends = True  # a second draft is a nuisance, a second publication is not to be taken back

    def __init__(
        self,
        drafts: DraftClient,
        reconcile: Reconcile,
        account: str,
        article: Article,
        fingerprint: Fingerprint,
    ) -> None:
        self._drafts = drafts
        self._account = account
        self._article = article
        self._reconcile = reconcile
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Make the draft."""
        return {"media_id": await self._drafts.add(self._account, [self._article])}

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        """Look for it in the draft box."""
        return await self._reconcile.draft(intent)


class SubmitDraft:
    """The effect freepublish/submit."""

    name = "submit"
    resends = False

    def __init__(
        self,
        publications: FreepublishClient,
        reconcile: Reconcile,
        account: str,
        fingerprint: Fingerprint,
    ) -> None:
        self._publications = publications
        self._account = account
        self._media_id = fingerprint.media_id
        self._reconcile = reconcile
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Hand the draft to WeChat for publishing."""
        return {"publish_id": await self._publications.submit(self._account, self._media_id)}

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        """Look for it among the published articles and the drafts."""
        return await self._reconcile.publication(intent)


@dataclass(frozen=True, slots=True)
class ArticleTools:
    """What an article job works with."""

    builder: BuildsArticles
    uploaded: ForgetsImages
    drafts: DraftClient
    publications: FreepublishClient
    reconcile: Reconcile
    once: Once
    polling: Polling
    failures: Failures
    live_client: LiveClient


def article_job(
    context: JobsContext, builder: BuildsArticles, uploaded: ForgetsImages, call: Call, quota: Quota
) -> "ArticleJob":
    """The handler of article jobs, whose calls to WeChat go through `call`."""
    drafts, publications = DraftClient(call), FreepublishClient(call)
    failures = Failures(context.settings, clock=context.clock)
    reconcile = Reconcile(context.database, drafts, publications)
    tools = ArticleTools(
        builder=builder,
        uploaded=uploaded,
        drafts=drafts,
        publications=publications,
        reconcile=reconcile,
        once=Once(context),
        polling=Polling(context, publications, reconcile, quota, failures),
        failures=failures,
        live_client=context.live_client,
    )
    return ArticleJob(tools, context.database, clock=context.clock)


class ArticleJob:
    """Works on article jobs: build → draft → (submit → poll), each step recorded.

    A run begins at the first step that the checkpoint does not show as done.
    """

    def __init__(self, tools: ArticleTools, database: Database, *, clock: Clock) -> None:
        self._tools = tools
        self._database = database
        self._clock = clock

    async def __call__(self, claim: Claim) -> Outcome:
        """Go as far as possible now."""
        try:
            return await self._steps(claim)
        except GatewayError as exc:
            log.info("job step failed", code=exc.code)
            return self._tools.failures.outcome(claim, exc)

    async def _steps(self, claim: Claim) -> Outcome:
        if "media_id" not in claim.checkpoint:
            await self._draft(claim)
        article = Article(**claim.checkpoint["article"])
        media_id = claim.checkpoint["media_id"]
        claim.checkpoint["result"] = {"mode": "draft", "media_id": media_id}
        if claim.row.action != "publish":
            url = await self._preview_url(claim.row.account, media_id)
            result = {"mode": "draft", "media_id": media_id, "url": url}
            return Done(State.SUCCEEDED, result=result)
        claim.progress["done"] = claim.progress["total"] - _STEPS_OF_PUBLISHING
        fingerprint = Fingerprint.of(article, claim.checkpoint["text_hash"], media_id)
        if not claim.checkpoint.keys() & {"publish_id", "article_id"}:
            done = await self._submit(claim, article, fingerprint)
            if done is not None:
                return done
        claim.progress["done"] = claim.progress["total"] - 1
        if "article_id" in claim.checkpoint:
            return await self._tools.polling.published(claim)
        return await self._tools.polling.poll(claim, fingerprint)

    async def _draft(self, claim: Claim) -> None:
        """Make sure that the draft is there. A cover WeChat has lost is uploaded anew, once."""
        await self._build(claim)
        account = claim.row.account
        article = Article(**claim.checkpoint["article"])
        fingerprint = Fingerprint.of(article, claim.checkpoint["text_hash"])
        tools = self._tools
        effect = AddDraft(tools.drafts, tools.reconcile, account, article, fingerprint)
        try:
            await tools.once.perform(claim, effect)
        except WeChatRefused as exc:
            if exc.wechat_errcode != INVALID_MEDIA_ID or "cover_renewed" in claim.checkpoint:
                raise
            log.info("cover is gone at wechat, uploading it again")
            await self._tools.uploaded.forget(account, article.thumb_media_id)
            claim.checkpoint["cover_renewed"] = True
            del claim.checkpoint["article"]
            await claim.save()
            await self._draft(claim)

    async def _build(self, claim: Claim) -> None:
        if "article" in claim.checkpoint:
            return
        check_rights(claim, self._tools.live_client)  # pictures are sent while it is built
        async with self._database.read() as connection:
            files = await job_files.get(connection, claim.row.id)
        fields = ArticleFields.model_validate(claim.row.payload["fields"])
        built = await self._tools.builder.build(
            claim.row.account, fields, files, on_progress=self._reporter(claim)
        )
        claim.checkpoint["article"] = asdict(built.article)
        # Half a second for a megabyte: not on the loop, and not in every run.
        words = await asyncio.to_thread(text_hash, built.article.content)
        claim.checkpoint["text_hash"] = words
        claim.checkpoint.pop("retries", None)
        images = len(built.images)
        claim.progress = {"done": images, "total": images + _later_steps(claim)}
        await claim.save(warnings=[_warning(warning) for warning in built.warnings])

    async def _submit(
        self, claim: Claim, article: Article, fingerprint: Fingerprint
    ) -> Done | None:
        """Submit the draft; the end of the job if WeChat does not let this account publish."""
        account = claim.row.account
        effect = SubmitDraft(self._tools.publications, self._tools.reconcile, account, fingerprint)
        try:
            await self._tools.once.perform(claim, effect)
        except WeChatRefused as exc:
            if exc.wechat_errcode == NO_PERMISSION:
                return await self._ready_for_a_person(claim, article, fingerprint.media_id)
            if exc.wechat_errcode == INVALID_MEDIA_ID and await self._by_hand(claim, fingerprint):
                return None
            raise
        return None

    async def _ready_for_a_person(self, claim: Claim, article: Article, media_id: str) -> Done:
        """Since July 2025 personal and unverified accounts have to publish by hand."""
        result = {
            "mode": "draft_ready",
            "media_id": media_id,
            "url": await self._preview_url(claim.row.account, media_id),
            "next_steps": steps_by_hand(article.title),
        }
        return Done(State.SUCCEEDED, result=result)

    async def _by_hand(self, claim: Claim, fingerprint: Fingerprint) -> bool:
        """Whether somebody published the draft meanwhile: then the job has what it was to get."""
        account = claim.row.account
        listed, _ = await self._tools.reconcile.published(account, claim.row.created_at)
        found = await self._tools.reconcile.match(
            listed, fingerprint, account=account, job_id=claim.row.id
        )
        if found is not None:
            claim.checkpoint.update(article_ids(found))
        return found is not None

    async def _preview_url(self, account: str, media_id: str) -> str:
        """The draft's temporary preview; "" where WeChat does not say: the draft is there."""
        try:
            news = await self._tools.drafts.get(account, media_id)
        except GatewayError as exc:
            log.info("no preview url", code=exc.code)
            return ""
        return str(news[0].get("url") or "") if news else ""

    def _reporter(self, claim: Claim) -> Progress:
        saved_at = self._clock()

        async def report(_stage: str, done: int, total: int) -> None:
            nonlocal saved_at
            now = self._clock()
            if now - saved_at >= _SAVE_PROGRESS_S:
                saved_at = now
                claim.progress = {"done": done, "total": total + _later_steps(claim)}
                await claim.save()

        return report


def _later_steps(claim: Claim) -> int:
    """The steps after the pictures."""
    return 1 + (_STEPS_OF_PUBLISHING if claim.row.action == "publish" else 0)


def _warning(warning: Warning_) -> dict[str, Any]:
    return {"code": warning.code, "message": warning.message._asdict(), "field": warning.field}
