import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from content.article import BuiltArticle, RenderedArticle, Warning_
from content.blame import blame_within, first_of_group
from content.bring import Progress
from content.build import ArticleBuilder, Prepared
from content.cards import ProductCards, with_cards
from content.fields import ArticleFields, DraftFields
from core.errors import Text

T = TypeVar("T")

_NO_DIGEST = Warning_(
    "digest_left_out",
    Text("多篇文章的草稿没有摘要，已去掉", "an article beside others has no digest: left out"),
    "digest",
)


class DraftBuilder:
    """Makes the articles of one draft ready for draft/add."""

    def __init__(self, articles: ArticleBuilder, cards: ProductCards) -> None:
        self._articles = articles
        self._cards = cards

    async def build(
        self,
        account: str,
        fields: DraftFields,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> Sequence[BuiltArticle]:
        """As ArticleBuilder does, all at once; `files` are those of all articles.

        An error about one of several has its place as `field`: `articles[1].images[2]`. Nothing is
        uploaded unless all of them can be rendered.
        """
        each = fields.each()
        prepared = await _all(
            self._prepare(account, article, files, fields.path(index))
            for index, article in enumerate(each)
        )
        tally = _Tally(on_progress, sum(len(one.plan.pictures) for one in prepared))
        built = await _all(
            self._finish(account, one, files, fields.path(index), tally)
            for index, one in enumerate(prepared)
        )
        if len(built) == 1:
            return built
        return [
            _beside_others(article, one.rendered)
            for article, one in zip(built, prepared, strict=True)
        ]

    async def _prepare(
        self, account: str, fields: ArticleFields, files: Mapping[str, bytes], path: str
    ) -> Prepared:
        with blame_within(path):
            return await self._articles.prepare(account, fields, files)

    async def _finish(
        self,
        account: str,
        prepared: Prepared,
        files: Mapping[str, bytes],
        path: str,
        tally: "_Tally",
    ) -> BuiltArticle:
        with blame_within(path):
            # Before the pictures: what WeChat does not sell costs no upload.
            cards = await self._cards.fetch(account, prepared.rendered)
            built = await self._articles.finish(
                account, prepared, files, on_progress=tally.one_more
            )
        return replace(built, article=with_cards(built.article, cards))


class _Tally:
    """Counts the pictures of all articles together."""

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._on_progress = on_progress
        self._total = total
        self._done = 0

    async def one_more(self, stage: str, _done: int, _total: int) -> None:
        self._done += 1
        if self._on_progress is not None:
            await self._on_progress(stage, self._done, self._total)


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at once; the first GatewayError ends the others."""
    with first_of_group():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    return [task.result() for task in tasks]


def _beside_others(built: BuiltArticle, rendered: RenderedArticle) -> BuiltArticle:
    """WeChat has a digest for an article alone (doc page draft_add, read 2026-11)."""
    was_given = built.article.digest and not rendered.digest_from_text
    warnings = (*built.warnings, _NO_DIGEST) if was_given else built.warnings
    return replace(built, article=replace(built.article, digest=""), warnings=warnings)
