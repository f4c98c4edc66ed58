"""The draft that an article job makes, or writes anew: new, `update`, `source_id`."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import GatewayError, Text
from jobs import crash_points
from jobs.admission import DraftBusy, hold_draft
from jobs.claim import Claim, EndRun, Later, LeaseLost
from jobs.context import JobsContext
from jobs.draft_publish import DraftGone
from jobs.failures import stored_error
from jobs.once import Absent, Found, Once, Resends, Unclear
from jobs.reconcile import Fingerprint, Reconcile
from jobs.rights import check_rights
from jobs.states import State
from store import sources
from store.engine import Database
from store.intents import IntentRow
from store.jobs import JobRow
from wechat.call import Call, WeChatRefused
from wechat.draft import Article, DraftClient, WireArticle
from wechat.errcodes import INVALID_MEDIA_ID
from wechat.freepublish import FreepublishClient

log = structlog.get_logger(__name__)

_BUSY_S = 2.0  # the other job of a source has so long until it is asked again
_EFFECT = "update"


class DraftShapeDiffers(GatewayError):
    """A draft's articles can be replaced one by one, but their number and kinds stay."""

    status = 409
    code = "draft_shape_differs"
    category = "params"
    message = Text(
        "草稿 {media_id} 里是 {kept}，提交的是 {given}，微信只能逐篇替换",
        "draft {media_id} holds {kept} and was to hold {given}; WeChat replaces article by article",
    )
    hint = Text(
        "提交相同数量、相同类型的文章，或另建草稿", "give as many of the same kinds, or a new draft"
    )


class AddDraft:
    """The effect draft/add."""

    name = "draft"
    # A second draft is a nuisance; a second publication is not to be taken back.
    resends: Resends = "once"
    releases = False

    def __init__(
        self,
        drafts: DraftClient,
        reconcile: Reconcile,
        articles: Sequence[Article | WireArticle],
        fingerprint: Fingerprint,
        written: "Written",
    ) -> None:
        self._drafts = drafts
        self._articles = articles
        self._reconcile = reconcile
        self._written = written
        self.fingerprint = fingerprint.as_json()

    async def send(self) -> Mapping[str, str]:
        """Make the draft."""
        account = self._written.row.account
        return {"media_id": await self._drafts.add(account, self._articles)}

    async def look(self, intent: IntentRow) -> Found | Absent | Unclear:
        """Look for it in the draft box."""
        return await self._reconcile.draft(intent)

    async def record(
        self, connection: AsyncConnection, row: JobRow, answer: Mapping[str, Any]
    ) -> None:
        """Keep what it says, and of which source."""
        del row
        await self._written.record(connection, str(answer["media_id"]))


class Written:
    """What a job writes into a draft, as it is kept to be known again."""

    def __init__(
        self, row: JobRow, articles: Sequence[Article | WireArticle], *, now: float
    ) -> None:
        self.row = row
        self._now = now
        said = json.dumps([article.as_json() for article in articles], sort_keys=True)
        self.hash = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()

    async def record(self, connection: AsyncConnection, media_id: str) -> None:
        """The draft says it now, and is what the source became."""
        await sources.wrote(connection, self.row, media_id, self.hash, now=self._now)
        if (source_id := self.row.payload.get("source_id")) is not None:
            await sources.became(connection, self.row, source_id, media_id, now=self._now)


class Drafting:
    """Makes sure that a draft with a job's articles is in the box."""

    def __init__(self, context: JobsContext, call: Call) -> None:
        self._database: Database = context.database
        self._clock = context.clock
        self._crash = context.crash
        self._live_client = context.live_client
        self._drafts = DraftClient(call)
        self._reconcile = Reconcile(context.database, self._drafts, FreepublishClient(call))
        self._once = Once(context)

    async def __call__(
        self, claim: Claim, articles: Sequence[Article], fingerprint: Fingerprint
    ) -> None:
        """Do it; the media_id stands in the claim's checkpoint then, and what was done in `made`.

        Writing into a draft has no intent: it may be repeated. Raises what Once.perform does,
        DraftGone, DraftShapeDiffers, DraftBusy.
        """
        written = Written(claim.row, articles, now=self._clock())
        target = await self._target(claim)
        if target is not None and await self._rewritten(claim, target, articles, written):
            return
        effect = AddDraft(self._drafts, self._reconcile, articles, fingerprint, written)
        await self._once.perform(claim, effect)

    async def _target(self, claim: Claim) -> str | None:
        """The draft to be written anew, held for the job; None: it makes one."""
        payload = claim.row.payload
        if (update := payload.get("update")) is not None:
            return str(update)
        source_id = payload.get("source_id")
        if source_id is None or "instead_of" in claim.checkpoint.get("made", {}):
            return None
        digest = hashlib.sha256(f"{claim.row.client_id}\0{source_id}".encode()).hexdigest()
        try:
            # Two jobs of a new source must not each make a draft.
            await hold_draft(self._database, claim, f"source:{digest}")
            async with self._database.read() as connection:
                target = await sources.draft_of(connection, claim.row, source_id)
            if target is not None:
                await self._hold(claim, target)
        except DraftBusy as busy:
            later = Later(self._clock() + _BUSY_S, State.WAITING, stored_error(busy))
            raise EndRun(later) from None
        return target

    async def _hold(self, claim: Claim, target: str) -> None:
        try:
            await hold_draft(self._database, claim, target)
        except DraftBusy:
            # Who has the draft may need the source again to go on: each would wait for the other.
            async with self._database.write() as connection:
                await claim.move(connection, subject=None)
            raise

    async def _rewritten(
        self, claim: Claim, media_id: str, articles: Sequence[Article], written: Written
    ) -> bool:
        """Whether the draft has the articles now; False: a new one has to be made."""
        objection = await self._objection(claim.row.account, media_id, articles)
        if objection is not None:
            if "update" in claim.row.payload:
                raise objection
            log.info("making a new draft", code=objection.code)
            claim.checkpoint["made"] = {"instead_of": media_id, "because": objection.code}
            await claim.save()
            return False
        async with self._database.read() as connection:
            unchanged = written.hash == await sources.written(
                connection, claim.row.account, media_id
            )
        if not unchanged:
            await self._update(claim, media_id, articles)
        await self._record(claim, media_id, written, unchanged=unchanged)
        return True

    async def _objection(
        self, account: str, media_id: str, articles: Sequence[Article]
    ) -> GatewayError | None:
        """Why these articles cannot take the place of the draft's."""
        try:
            news = await self._drafts.get(account, media_id)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return DraftGone(media_id=media_id)
            raise
        kept = [str(item.get("article_type") or "news") for item in news]
        given = [article.article_type for article in articles]
        if kept == given:
            return None
        return DraftShapeDiffers(media_id=media_id, kept=" + ".join(kept), given=" + ".join(given))

    async def _update(self, claim: Claim, media_id: str, articles: Sequence[Article]) -> None:
        for index, article in enumerate(articles):
            self._crash(crash_points.intent_before(_EFFECT))
            async with claim.sending():
                async with self._database.write() as connection:
                    await claim.hold(connection)
                    check_rights(claim, self._live_client)
                claim.check_time()
                await self._drafts.update(claim.row.account, media_id, index, article)
            self._crash(crash_points.answer(_EFFECT))

    async def _record(
        self, claim: Claim, media_id: str, written: Written, *, unchanged: bool
    ) -> None:
        claim.checkpoint["media_id"] = media_id
        claim.checkpoint["made"] = {"unchanged": True} if unchanged else {"updated": True}
        claim.checkpoint.pop("retries", None)
        async with self._database.write() as connection:
            await written.record(connection, media_id)
            held = await claim.move(connection)
            self._crash(crash_points.record(_EFFECT))
        if not held:
            raise LeaseLost
        self._crash(crash_points.recorded(_EFFECT))
