from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from accounts.official import Accounts
from cache.stats import CacheStatistics, Fill
from content.kept import KeptRenderings
from content.renderer import Renderer
from content.settings import ContentSettings
from content.words.shelf import WordShelf
from content.workers import WorkerPool
from core.metrics import Metrics


def make_renderer(
    workers: WorkerPool,
    settings: ContentSettings,
    accounts: Accounts,
    caches: CacheStatistics,
    metrics: Metrics,
) -> Renderer:
    """Markdown to HTML in a gateway, with the sensitive words of its accounts."""
    return Renderer(
        workers,
        settings,
        kept_renderings(settings, caches),
        words=WordShelf(settings.words, lambda name: accounts.get(name).words),
        count_words=lambda level, count: metrics.words.labels(level).inc(count),
    )


def kept_renderings(settings: ContentSettings, caches: CacheStatistics) -> KeptRenderings | None:
    """The cache of rendered articles, shown among the others; None where it is turned off."""
    if not settings.render_cache_mb:
        return None

    def fill() -> Fill:
        return Fill(kept.entries, kept.size_bytes, kept.max_bytes)

    max_bytes = settings.render_cache_mb * 1_000_000
    kept = KeptRenderings(max_bytes, caches.register("render", "memory", fill))
    return kept


@asynccontextmanager
async def open_renderer(settings: ContentSettings) -> AsyncIterator[Renderer]:
    """Markdown to HTML on its own."""
    async with open_workers(settings) as workers:
        yield Renderer(workers, settings)


@asynccontextmanager
async def open_workers(settings: ContentSettings) -> AsyncIterator[WorkerPool]:
    """Processes for Markdown and pictures; they end with the block."""
    workers = WorkerPool(settings.worker_limits(), size=settings.workers)
    try:
        yield workers
    finally:
        await workers.aclose()
