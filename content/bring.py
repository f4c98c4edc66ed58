import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from content.article import RenderedArticle
from content.blame import blame, first_of_group
from content.load import ImageFetcher, load_picture
from content.memory import MemoryBudget, PictureBounds, Share
from content.pictures.gate import Fitted, ImageWorkers
from content.pictures.source import shown
from content.plan import Picture, Plan
from content.uploads import Uploaded, UploadedImages, Uploader, UploadKind
from wechat.material import MaterialClient

Progress = Callable[[str, int, int], Awaitable[None]]
Arrived = dict[tuple[str | None, UploadKind], tuple[Uploaded, int]]  # with the bytes of its source

_DRAWN_COVER = b"wxgate drawn cover 1\0"  # with the title: what a drawn cover has for a source


@dataclass(frozen=True, slots=True)
class Order:
    """Whose pictures are to be brought, and which."""

    account: str
    article: RenderedArticle
    plan: Plan
    files: Mapping[str, bytes]


class Bringer:
    """Brings pictures to WeChat: each is fetched, made to fit and uploaded, all at once."""

    def __init__(
        self,
        fetcher: ImageFetcher,
        material: MaterialClient,
        uploaded: UploadedImages,
        images: ImageWorkers,
        bounds: PictureBounds,
    ) -> None:
        """One a process: `bounds` hold for all articles together."""
        self._fetcher = fetcher
        self._uploader = Uploader(material, uploaded)
        self._images = images
        self._concurrency = bounds.concurrency
        self._memory = MemoryBudget(bounds.memory_bytes)

    async def bring(self, order: Order, on_progress: Progress | None) -> Arrived:
        """What became of each picture; raises the first GatewayError, with its place as `field`."""
        slots = asyncio.Semaphore(self._concurrency)
        pictures = order.plan.pictures
        arrived: Arrived = {}
        finished = 0

        async def bring(picture: Picture) -> None:
            nonlocal finished
            async with slots:
                with blame(picture.field), self._memory.share() as share:
                    arrived.update(await self._bring_one(order, picture, share))
            finished += 1
            if on_progress is not None:
                await on_progress("images", finished, len(pictures))

        with first_of_group():
            async with asyncio.TaskGroup() as group:
                for picture in pictures:
                    group.create_task(bring(picture))
        return arrived

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._uploader.aclose()

    async def _bring_one(self, order: Order, picture: Picture, share: Share) -> Arrived:
        src, title = picture.src, order.article.title
        if src is None:
            source = _DRAWN_COVER + title.encode()
            fit = _Once(lambda: self._images.plain_cover(title))
        else:
            source = await load_picture(
                src, order.files, self._fetcher, field=picture.field, room=share
            )
            share.keep(len(source))
            fit = _Once(lambda: self._images.fit(source, shown(src)))
        results = await asyncio.gather(
            *(self._uploader.upload(order.account, kind, source, fit.get) for kind in picture.kinds)
        )
        return {
            (src, kind): (result, len(source))
            for kind, result in zip(picture.kinds, results, strict=True)
        }


class _Once:
    """A picture that serves as cover and in the body is fitted once for both."""

    def __init__(self, make: Callable[[], Awaitable[Fitted]]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._made: Fitted | None = None

    async def get(self) -> Fitted:
        async with self._lock:
            if self._made is None:
                self._made = await self._make()
            return self._made
