from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.stats import CacheStatistics, Fill
from content.kept import KeptRenderings
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool


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
