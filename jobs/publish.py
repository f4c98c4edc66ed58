import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import structlog

from content.article import BuiltArticle, Warning_
from content.fields import DraftFields
from core.clock import Clock
from core.errors import GatewayError
from jobs.admission import hold_draft
from jobs.claim import Claim, Done, Outcome
from jobs.draft_publish import DraftChanged
from jobs.drafting import Drafting
from jobs.failures import Failures
from jobs.fields import FillsTemplates, fields_of
from jobs.plaintext import text_hash
from jobs.reconcile import ArticlePrint, Fingerprint
from jobs.release import STEPS, Release
from jobs.rights import LiveClient, check_rights
from jobs.states import State
from store import files as kept_files
from store import sources
from store.engine import Database
from wechat.call import WeChatRefused
from wechat.draft import Article
from wechat.errcodes import INVALID_MEDIA_ID, PRODUCT_INVALID

log = structlog.get_logger(__name__)

_GONE = frozenset({INVALID_MEDIA_ID, PRODUCT_INVALID})  # a picture; a product card
_SENT = frozenset({"publish_id", "article_id", "msg_id"})  # in the checkpoint: it is released
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


@dataclass(frozen=True, slots=True)
class ArticleTools:
    """What an article job works with."""

    builder: BuildsDrafts
    filler: FillsTemplates
    uploaded: ForgetsImages
    drafting: Drafting
    release: Release
    failures: Failures
    live_client: LiveClient


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
        elif claim.row.action != "draft" and not claim.checkpoint.keys() & _SENT:
            await self._check_draft(claim)
        media_id = claim.checkpoint["media_id"]
        made = {"mode": "draft", "media_id": media_id, **claim.checkpoint.get("made", {})}
        claim.checkpoint["result"] = made
        if claim.row.action == "draft":
            seen = await self._tools.release.look_at_draft(claim, media_id, _articles(claim))
            return Done(State.SUCCEEDED, result={**made, **seen})
        return await self._tools.release(claim, _fingerprint(claim, media_id), _articles(claim))

    async def _check_draft(self, claim: Claim) -> None:
        """Before a draft of an earlier run is released: it still says what was handed in.

        While the job was over, another may have written it anew; what was approved is this one's.
        Raises DraftBusy, DraftChanged.
        """
        media_id = claim.checkpoint["media_id"]
        await hold_draft(self._database, claim, media_id)
        async with self._database.read() as connection:
            writer = await sources.writer(connection, claim.row.account, media_id)
        if writer not in (None, claim.row.id):
            raise DraftChanged(media_id=media_id)

    async def _draft(self, claim: Claim) -> None:
        """Make sure that the draft is there. What WeChat has lost is got anew, once."""
        await self._build(claim)
        account, articles = claim.row.account, _articles(claim)
        try:
            await self._tools.drafting(claim, articles, _fingerprint(claim))
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
        fields = await fields_of(claim.row, self._tools.filler)
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
            title=built[0].article.title,
            warnings=[
                _warning(warning, index, fields.path(index))
                for index, one in enumerate(built)
                for warning in one.warnings
            ],
        )

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
    return 1 + (0 if claim.row.action == "draft" else STEPS)


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
