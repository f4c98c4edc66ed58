from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from content.build import ArticleBuilder
from content.cards import ProductCards
from content.drafts import DraftBuilder
from content.pictures.gate import ImageWorkers
from content.pictures.target import PictureOptions
from content.relayed.care import DraftCare, Pictures
from content.relayed.inspect import DraftLint
from content.relayed.uploads import UploadCare
from content.renderer import Renderer
from content.uploads import UploadedImages
from content.workers import WorkerPool
from fetch.client import Fetcher
from handlers.enhance import RelayCare
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
) -> AsyncIterator[tuple[DraftBuilder, ArticleBuilder, RelayCare]]:
    """Makes drafts of what callers send, uploads pictures, looks after what is relayed.

    All end with the block.
    """
    images = ImageWorkers(workers)
    async with aclosing(Fetcher(settings.fetch)) as fetcher:
        articles = ArticleBuilder(
            renderer,
            fetcher,
            MaterialClient(call),
            uploaded,
            images,
            bounds=settings.content.picture_bounds(),
        )
        async with aclosing(articles):
            drafts = DraftBuilder(articles, ProductCards(ProductClient(call)))
            yield drafts, articles, make_care(settings, workers, renderer, articles, images)


def make_care(
    settings: Settings,
    workers: WorkerPool,
    renderer: Renderer,
    pictures: Pictures,
    images: ImageWorkers,
) -> RelayCare:
    """What looks after relayed drafts and uploads."""
    content = settings.content
    drafts = DraftCare(
        *(workers, pictures, DraftLint(workers, renderer), content.options),
        max_images=content.max_images,
        concurrency=content.image_concurrency,
    )
    uploads = UploadCare(images, PictureOptions.of(content.options))
    return RelayCare(drafts, uploads, timeout_s=settings.relay.enhance_timeout_s)
