import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import structlog

from content.article import BuiltArticle, Warning_
from content.fields import DraftFields
from core.clock import Clock
from core.errors import GatewayError
from jobs.claim import Claim, Done, Outcome
from jobs.context import JobsContext
from jobs.failures import Failures
from jobs.manual_steps import steps_by_hand
from jobs.once import Absent, Found, Once, Unclear
from jobs.plaintext import text_hash
from jobs.polling import Polling, Quota, urls_of
from jobs.reconcile import ArticlePrint, Fingerprint, Reconcile, article_ids
from jobs.rights import LiveClient, check_rights
from jobs.roundtrip import FindsChanges, changes_of
from jobs.states import State
from store import files as kept_files
from store.engine import Database
from store.intents import IntentRow
from wechat.call import Call, WeChatRefused
from wechat.draft import Article, DraftClient
from wechat.errcodes import INVALID_MEDIA_ID, NO_PERMISSION, PRODUCT_INVALID
from wechat.freepublish import FreepublishClient

log = structlog.get_logger(__name__)

_STEPS_OF_PUBLISHING = 2  # the submit, and its end
_GONE = frozenset({INVALID_MEDIA_ID, PRODUCT_INVALID})  # a picture; a product card
_SAVE_PROGRESS_S = 0.5  # progress is worth a write of the database so often

Progress = Callable[[str, int, int], Awaitable[None]]


class BuildsDrafts(Protocol):
    """Turns fields and files into articles ready for draft/add; `content.drafts` does."""

    async def build(
        self,
        account: str,
        fields: DraftFields,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> Sequence[BuiltArticle]:
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
        articles: Sequence[Article],
        fingerprint: Fingerprint,
    ) -> None:
        self._drafts = drafts
        self._account = account
        self._articles = articles
        self._reconcile = reconcile
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Make the draft."""
        return {"media_id": await self._drafts.add(self._account, self._articles)}

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

    builder: BuildsDrafts
    uploaded: ForgetsImages
    drafts: DraftClient
    publications: FreepublishClient
    reconcile: Reconcile
    once: Once
    polling: Polling
    failures: Failures
    live_client: LiveClient
    finder: FindsChanges


def article_job(
    context: JobsContext,
    builder: BuildsDrafts,
    uploaded: ForgetsImages,
    call: Call,
    quota: Quota,
    *,
    finder: FindsChanges,
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
        finder=finder,
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
            return _with_images(await self._steps(claim), claim)
        except GatewayError as exc:
            log.info("job step failed", code=exc.code)
            return _with_images(self._tools.failures.outcome(claim, exc), claim)

    async def _steps(self, claim: Claim) -> Outcome:
        if "media_id" not in claim.checkpoint:
            await self._draft(claim)
        media_id = claim.checkpoint["media_id"]
        claim.checkpoint["result"] = {"mode": "draft", "media_id": media_id}
        if claim.row.action != "publish":
            seen = await self._look_at_draft(claim, media_id)
            result = {"mode": "draft", "media_id": media_id, **seen}
            return Done(State.SUCCEEDED, result=result)
        claim.progress["done"] = claim.progress["total"] - _STEPS_OF_PUBLISHING
        fingerprint = _fingerprint(claim, media_id)
        if not claim.checkpoint.keys() & {"publish_id", "article_id"}:
            done = await self._submit(claim, fingerprint)
            if done is not None:
                return done
        claim.progress["done"] = claim.progress["total"] - 1
        if "article_id" in claim.checkpoint:
            return await self._tools.polling.published(claim)
        return await self._tools.polling.poll(claim, fingerprint)

    async def _draft(self, claim: Claim) -> None:
        """Make sure that the draft is there. What WeChat has lost is got anew, once."""
        await self._build(claim)
        account, articles = claim.row.account, _articles(claim)
        tools = self._tools
        effect = AddDraft(tools.drafts, tools.reconcile, account, articles, _fingerprint(claim))
        try:
            await tools.once.perform(claim, effect)
        except WeChatRefused as exc:
            if exc.wechat_errcode not in _GONE or "cover_renewed" in claim.checkpoint:
                raise
            log.info("something is gone at wechat, building anew", errcode=exc.wechat_errcode)
            # Which one it is, WeChat does not say.
            for media_id in {each for article in articles for each in article.media_ids}:
                await self._tools.uploaded.forget(account, media_id)
            claim.checkpoint["cover_renewed"] = True
            del claim.checkpoint["articles"]
            await claim.save()
            await self._draft(claim)

    async def _build(self, claim: Claim) -> None:
        if "articles" in claim.checkpoint:
            return
        check_rights(claim, self._tools.live_client)  # pictures are sent while it is built
        async with self._database.read() as connection:
            files = await kept_files.of_job(connection, claim.row.id)
        fields = DraftFields.model_validate(claim.row.payload["fields"])
        built = await self._tools.builder.build(
            claim.row.account, fields, files, on_progress=self._reporter(claim)
        )
        claim.checkpoint["articles"] = [asdict(one.article) for one in built]
        claim.checkpoint["images"] = [
            {"article": index, **asdict(image)}
            for index, one in enumerate(built)
            for image in one.images
        ]
        # Half a second for a megabyte: not on the loop, and not in every run.
        contents = [one.article.content for one in built]
        words = await asyncio.to_thread(lambda: [text_hash(content) for content in contents])
        claim.checkpoint["text_hashes"] = words
        claim.checkpoint.pop("retries", None)
        images = sum(len(one.images) for one in built)
        claim.progress |= {"done": images, "total": images + _later_steps(claim)}
        await claim.save(
            warnings=[
                _warning(warning, index, fields.path(index))
                for index, one in enumerate(built)
                for warning in one.warnings
            ]
        )

    async def _submit(self, claim: Claim, fingerprint: Fingerprint) -> Done | None:
        """Submit the draft; the end of the job if WeChat does not let this account publish."""
        account = claim.row.account
        effect = SubmitDraft(self._tools.publications, self._tools.reconcile, account, fingerprint)
        try:
            await self._tools.once.perform(claim, effect)
        except WeChatRefused as exc:
            if exc.wechat_errcode == NO_PERMISSION:
                return await self._ready_for_a_person(claim, fingerprint)
            if exc.wechat_errcode == INVALID_MEDIA_ID and await self._by_hand(claim, fingerprint):
                return None
            raise
        return None

    async def _ready_for_a_person(self, claim: Claim, fingerprint: Fingerprint) -> Done:
        """Since July 2025 personal and unverified accounts have to publish by hand."""
        result = {
            "mode": "draft_ready",
            "media_id": fingerprint.media_id,
            **await self._look_at_draft(claim, fingerprint.media_id),
            "next_steps": steps_by_hand(fingerprint.articles[0].title),
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

    async def _look_at_draft(self, claim: Claim, media_id: str) -> dict[str, Any]:
        """The draft's temporary previews, and what WeChat changed in what it was sent.

        The preview is "" where WeChat does not say: the draft is there.
        """
        try:
            news = await self._tools.drafts.get(claim.row.account, media_id)
        except GatewayError as exc:
            log.info("no preview url", code=exc.code)
            return {"url": ""}
        urls = urls_of([str(item.get("url") or "") for item in news])
        changes = await changes_of(self._tools.finder, _articles(claim), news)
        return {**urls, "changed_by_wechat": changes} if changes else urls

    def _reporter(self, claim: Claim) -> Progress:
        saved_at = self._clock()

        async def report(_stage: str, done: int, total: int) -> None:
            nonlocal saved_at
            now = self._clock()
            if now - saved_at >= _SAVE_PROGRESS_S:
                saved_at = now
                claim.progress |= {"done": done, "total": total + _later_steps(claim)}
                await claim.save()

        return report


def _with_images(outcome: Outcome, claim: Claim) -> Outcome:
    """`outcome` with what became of the pictures, where something was made of them."""
    images = claim.checkpoint.get("images")
    if not isinstance(outcome, Done) or not images:
        return outcome
    made = outcome.result or claim.checkpoint.get("result")
    return outcome if made is None else replace(outcome, result={**made, "images": images})


def _later_steps(claim: Claim) -> int:
    """The steps after the pictures."""
    return 1 + (_STEPS_OF_PUBLISHING if claim.row.action == "publish" else 0)


def _articles(claim: Claim) -> list[Article]:
    """The articles as they were built."""
    return [Article(**kept) for kept in claim.checkpoint["articles"]]


def _fingerprint(claim: Claim, media_id: str = "") -> Fingerprint:
    pairs = zip(_articles(claim), claim.checkpoint["text_hashes"], strict=True)
    return Fingerprint(tuple(ArticlePrint.of(*pair) for pair in pairs), media_id)


def _warning(warning: Warning_, index: int, path: str) -> dict[str, Any]:
    """A warning about the article at `index`, whose fields stand at `path`."""
    field = warning.field and path + warning.field
    message = warning.message._asdict()
    return {"code": warning.code, "message": message, "field": field, "article": index}
