"""Drafts made of WeChat's own JSON, and drafts deleted."""

import asyncio

from core.clock import Clock
from jobs.claim import Claim, Done
from jobs.drafting import AddDraft, Written
from jobs.once import Once
from jobs.plaintext import text_hash
from jobs.reconcile import ArticlePrint, Fingerprint, Reconcile
from jobs.states import State
from wechat.draft import DraftClient, WireArticle

CREATE = "draft.create"
DELETE = "draft.delete"


class DraftCreate:
    """Makes a draft of articles that are ready, once."""

    def __init__(
        self, drafts: DraftClient, reconcile: Reconcile, once: Once, *, clock: Clock
    ) -> None:
        self._drafts = drafts
        self._reconcile = reconcile
        self._once = once
        self._clock = clock

    async def __call__(self, claim: Claim) -> Done:
        """Raises what Once does."""
        if "media_id" not in claim.checkpoint:
            articles = [WireArticle(wire) for wire in claim.row.payload["articles"]]
            fingerprint = await asyncio.to_thread(_fingerprint, articles)
            written = Written(claim.row, articles, now=self._clock())
            effect = AddDraft(self._drafts, self._reconcile, articles, fingerprint, written)
            await self._once.perform(claim, effect)
        result = {"mode": "draft", "media_id": claim.checkpoint["media_id"]}
        return Done(State.SUCCEEDED, result=result)


class DraftDelete:
    """Deletes a draft; one that is not there is deleted already."""

    def __init__(self, drafts: DraftClient) -> None:
        self._drafts = drafts

    async def __call__(self, claim: Claim) -> Done:
        """Raises as DraftClient does."""
        media_id = claim.row.payload["media_id"]
        there = await self._drafts.delete(claim.row.account, media_id)
        return Done(State.SUCCEEDED, result={"media_id": media_id, "was_there": there})


def _fingerprint(articles: list[WireArticle]) -> Fingerprint:
    return Fingerprint(tuple(ArticlePrint.of(one, text_hash(one.content)) for one in articles))
