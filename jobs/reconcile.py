import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core.errors import Text
from jobs.once import Absent, Found, Unclear
from jobs.plaintext import text_hash
from store import events, intents
from store.engine import Database
from store.intents import IntentRow
from wechat.call import WeChatRefused
from wechat.draft import Article, DraftClient, WireArticle
from wechat.errcodes import INVALID_MEDIA_ID
from wechat.freepublish import FreepublishClient
from wechat.pushed import PUBLISHED, publication_of

_SKEW_S = 300  # WeChat's clock may be so much behind ours
_PAGE = 20  # the most that batchget gives
_MAX_PAGES = 10
_MOST_TOLD = 20

_TWIN = Text(
    "草稿还在草稿箱里，而已发表列表里有一篇完全相同的文章",
    "the draft is in the draft box, and the very same article is published",
)

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArticlePrint:
    """What one article can be known by."""

    title: str
    digest: str  # "" where WeChat makes one
    cover: str  # media_id
    text_hash: str

    @classmethod
    def of(cls, article: Article | WireArticle, words: str) -> "ArticlePrint":
        """The print of `article`, whose `text_hash` is `words`."""
        return cls(article.title, article.digest, article.cover, words)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a draft of ours can be found by in WeChat's lists."""

    articles: tuple[ArticlePrint, ...]
    media_id: str = ""  # of the draft, once there is one

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Fingerprint":
        """As it was kept with an intent."""
        return cls(tuple(ArticlePrint(**one) for one in stored["articles"]), stored["media_id"])

    @classmethod
    async def of_draft(cls, news: Sequence[Item], media_id: str) -> "Fingerprint":
        """Of a draft as draft/get shows it."""
        prints = []
        for item in news:
            words = await asyncio.to_thread(text_hash, str(item.get("content") or ""))
            covers = (str(cover) for cover in _covers(item) if cover)
            title, digest = (str(item.get(name) or "") for name in ("title", "digest"))
            prints.append(ArticlePrint(title, digest, next(covers, ""), words))
        return cls(tuple(prints), media_id)

    def as_json(self) -> dict[str, Any]:
        """The form that is kept."""
        return {"articles": [asdict(one) for one in self.articles], "media_id": self.media_id}

    def looks_like(self, news: Sequence[Item]) -> bool:
        """Whether a draft with these articles may be it, going by titles, digests and covers."""
        return len(news) == len(self.articles) and all(
            _same_cover(*pair) for pair in zip(news, self.articles, strict=True)
        )

    def is_titled(self, news: Sequence[Item]) -> bool:
        """Whether these articles have its titles."""
        return [item.get("title") for item in news] == [one.title for one in self.articles]

    async def says(self, news: Sequence[Item]) -> bool:
        """Whether these articles have its titles and its words."""
        if not self.is_titled(news):
            return False
        for item, one in zip(news, self.articles, strict=True):
            if not await _same_words(item, one):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of WeChat's shows of one draft or publication."""

    id: str  # media_id of a draft, article_id of a publication
    update_time: float
    news: tuple[Item, ...] = field(repr=False)


class Reconcile:
    """Finds out from WeChat's own lists what became of something sent (faults.md R-B)."""

    def __init__(
        self, database: Database, drafts: DraftClient, publications: FreepublishClient
    ) -> None:
        self._database = database
        self._drafts = drafts
        self._publications = publications

    async def draft(self, intent: IntentRow) -> Found | Absent | Unclear:
        """What became of a draft/add whose answer was lost."""
        wanted = Fingerprint.from_json(intent.fingerprint)
        listed, complete = await _newest(
            lambda offset: self._drafts.batchget(intent.account, offset=offset, count=_PAGE),
            "media_id",
            since=intent.sent_at - _SKEW_S,
        )
        alike = [draft for draft in listed if wanted.looks_like(draft.news)]
        async with self._database.read() as connection:
            taken = await intents.drafts_of_others(
                connection, intent.account, [draft.id for draft in alike], job_id=intent.job_id
            )
        alike = [draft for draft in alike if draft.id not in taken]
        same = [draft for draft in alike if await self._says(intent.account, draft.id, wanted)]
        evidence = {"looked_alike": [draft.id for draft in alike], "listed": len(listed)}
        if same:
            # Two alike cannot be told apart, and need not be. The older one is more surely ours.
            return Found({"media_id": min(same, key=lambda draft: draft.update_time).id})
        if alike:
            reason = Text(
                "草稿箱里有标题、摘要、封面都相同但正文不同的草稿",
                "there is a draft of the same title, digest and cover with other words",
            )
            return Unclear(reason, evidence)
        return Absent(evidence) if complete else _too_many(evidence)

    async def publication(self, intent: IntentRow) -> Found | Absent | Unclear:
        """What became of a freepublish/submit whose answer was lost."""
        wanted = Fingerprint.from_json(intent.fingerprint)
        listed, complete = await self.published(intent.account, intent.sent_at)
        titled = await self._ours(listed, wanted, intent.account, intent.job_id)
        same = await _oldest_of_same_words(titled, wanted)
        present = await self._is_in_draft_box(intent.account, wanted.media_id)
        told = await self._told(intent)
        # A published draft has left the box: while ours is in there, the article is a twin's.
        if same and not present:
            named = [end["publish_id"] for end in told if end["article_id"] == same.id]
            return Found(article_ids(same) | ({"publish_id": named[0]} if named else {}))
        alike = [article.id for article in titled]
        evidence: dict[str, Any] = {
            "looked_alike": alike, "listed": len(listed), "draft_present": present, "pushed": told,
        }  # fmt: skip
        if same:
            return Absent(evidence, resend=False, reason=_TWIN)
        if alike:
            reason = Text(
                "已发表列表里有同标题的文章，无法断定是否为本文",
                "an article of the same title is published; it may be this one",
            )
            return Unclear(reason, evidence)
        if not complete:
            return _too_many(evidence)
        if present:
            return Absent(evidence)
        reason = Text(
            "草稿已不在草稿箱，但已发表列表里没有这篇文章",
            "the draft has left the draft box, and no such article is published",
        )
        return Absent(evidence, resend=False, reason=reason)

    async def _told(self, intent: IntentRow) -> list[dict[str, Any]]:
        """Publications that WeChat pushed the end of since then, and that are no known job's."""
        async with self._database.read() as connection:
            ends = await events.unjoined(
                *(connection, intent.account, PUBLISHED),
                since=intent.sent_at - _SKEW_S,
                limit=_MOST_TOLD,
            )
        told = [(end.subject, publication_of(end.body)) for end in ends if end.subject]
        return [
            {"publish_id": publish_id, "publish_status": end.publish_status,
             "article_id": end.article_id}
            for publish_id, end in told
            if end is not None
        ]  # fmt: skip

    async def published(self, account: str, since: float) -> tuple[list[Listed], bool]:
        """What was published since then, newest first; and whether that is all of it."""
        return await _newest(
            lambda offset: self._publications.batchget(account, offset=offset, count=_PAGE),
            "article_id",
            since=since - _SKEW_S,
        )

    async def match(
        self, listed: list[Listed], wanted: Fingerprint, *, account: str, job_id: str
    ) -> Listed | None:
        """The publication that the draft became: of that title and words, and no other job's.

        None as long as the draft is in the box: it is not published, whoever's those articles are.
        """
        titled = await self._ours(listed, wanted, account, job_id)
        same = await _oldest_of_same_words(titled, wanted)
        if same is None or await self._is_in_draft_box(account, wanted.media_id):
            return None
        return same

    async def _ours(
        self, listed: list[Listed], wanted: Fingerprint, account: str, job_id: str
    ) -> list[Listed]:
        """The publications of its titles, without those known to be other jobs'."""
        titled = [article for article in listed if wanted.is_titled(article.news)]
        async with self._database.read() as connection:
            taken = await intents.articles_of_others(
                connection, account, [article.id for article in titled], job_id=job_id
            )
        return [article for article in titled if article.id not in taken]

    async def _says(self, account: str, media_id: str, wanted: Fingerprint) -> bool:
        news = await self._read_draft(account, media_id)
        return news is not None and await wanted.says(news)

    async def _is_in_draft_box(self, account: str, media_id: str) -> bool:
        return await self._read_draft(account, media_id) is not None

    async def _read_draft(self, account: str, media_id: str) -> list[Item] | None:
        try:
            return await self._drafts.get(account, media_id)
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return None  # published, or deleted
            raise


def article_ids(article: Listed) -> dict[str, Any]:
    """The ids of a publication as the checkpoint keeps them."""
    urls = [str(item.get("url") or "") for item in article.news]
    return {"article_id": article.id, "article_urls": urls}


async def _newest(
    fetch: Callable[[int], Awaitable[list[Item]]], id_name: str, *, since: float
) -> tuple[list[Listed], bool]:
    """The items changed since then, from a list that is newest first; and whether all of them."""
    found: list[Listed] = []
    for page in range(_MAX_PAGES):
        items = await fetch(page * _PAGE)
        for item in items:
            listed = _listed(item, id_name)
            if listed.update_time < since:
                return found, True
            found.append(listed)
        if len(items) < _PAGE:
            return found, True
    return found, False


def _listed(item: Item, id_name: str) -> Listed:
    content = item.get("content")
    news = content.get("news_item") if isinstance(content, Mapping) else None
    articles = tuple(n for n in news if isinstance(n, Mapping)) if isinstance(news, list) else ()
    changed = item.get("update_time")
    return Listed(
        id=str(item.get(id_name) or ""),
        # One without a time counts as new: it is looked at, not passed over.
        update_time=float(changed) if isinstance(changed, int | float) else float("inf"),
        news=articles,
    )


async def _oldest_of_same_words(listed: list[Listed], wanted: Fingerprint) -> Listed | None:
    same = [article for article in listed if await wanted.says(article.news)]
    return min(same, key=lambda article: article.update_time, default=None)


def _same_cover(news: Item, wanted: ArticlePrint) -> bool:
    return (
        news.get("title") == wanted.title
        # Without a digest of ours WeChat makes one.
        and wanted.digest in ("", news.get("digest"))
        and wanted.cover in _covers(news)
    )


def _covers(news: Item) -> list[object]:
    """Where an article may name its cover; a newspic's is its first picture."""
    info = news.get("image_info")
    images = info.get("image_list") if isinstance(info, Mapping) else None
    first = images[0] if isinstance(images, list) and images else None
    return [
        news.get("thumb_media_id"),
        first.get("image_media_id") if isinstance(first, Mapping) else None,
    ]


async def _same_words(news: Item, wanted: ArticlePrint) -> bool:
    content = news.get("content")
    return (
        isinstance(content, str) and await asyncio.to_thread(text_hash, content) == wanted.text_hash
    )


def _too_many(evidence: dict[str, Any]) -> Unclear:
    reason = Text("微信的列表太长，没有看完", "WeChat's list is too long to be read to its end")
    return Unclear(reason, evidence)
