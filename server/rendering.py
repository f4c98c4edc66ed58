from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool


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
