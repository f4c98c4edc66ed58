from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from content.build import ArticleBuilder
from content.cards import ProductCards
from content.drafts import DraftBuilder
from content.pictures.gate import ImageWorkers
from content.renderer import Renderer
from content.uploads import UploadedImages
from content.workers import WorkerPool
from fetch.client import Fetcher
from server.settings import Settings
from wechat.call import Call
from wechat.material import MaterialClient
from wechat.products import ProductClient


@asynccontextmanager
async def open_builder(
    settings: Settings,
    workers: WorkerPool,
    renderer: Renderer,
    uploaded: UploadedImages,
    call: Call,
) -> AsyncIterator[tuple[DraftBuilder, ArticleBuilder]]:
    """Makes drafts of what callers send, and uploads pictures; both end with the block."""
    async with aclosing(Fetcher(settings.fetch)) as fetcher:
        articles = ArticleBuilder(
            renderer,
            fetcher,
            MaterialClient(call),
            uploaded,
            ImageWorkers(workers),
            bounds=settings.content.picture_bounds(),
        )
        async with aclosing(articles):
            yield DraftBuilder(articles, ProductCards(ProductClient(call))), articles
