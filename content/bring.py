import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import structlog

from content.article import RenderedArticle
from content.blame import blame, first_of_group
from content.load import ImageFetcher, load_picture
from content.memory import MemoryBudget, PictureBounds, Share
from content.pictures.crops import Crop, center_crops
from content.pictures.errors import ImageError
from content.pictures.gate import COVER_SIZE, Fitted, ImageWorkers
from content.pictures.source import shown
from content.pictures.target import DEFAULT_OPTIONS, TARGETS, PictureOptions, Target
from content.plan import Picture, Plan
from content.uploads import UploadedImages, Uploader, UploadKind
from core.errors import GatewayError
from fetch.errors import FetchError
from wechat.material import MaterialClient

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], Awaitable[None]]
# What drawn pictures have for a source, with their text.
_DRAWN_COVER = b"wxgate drawn cover 2\0"
_PLACEHOLDER = b"wxgate placeholder 1\0"


class Brought(NamedTuple):
    """A picture at WeChat, or why it is not there."""

    value: str  # https URL or media_id; "": it could not be had, and nothing stands for it
    fitted: Fitted | None  # None: nothing had to be uploaded
    bytes_in: int
    failure: GatewayError | None = None
    crops: Mapping[str, Crop] = {}  # of a cover: what lists show, by ratio


Arrived = dict[tuple[str | None, UploadKind], Brought]


@dataclass(frozen=True, slots=True)
class Order:
    """Whose pictures are to be brought, and which."""

    account: str
    article: RenderedArticle
    plan: Plan
    files: Mapping[str, bytes]

    def lets_go(self, picture: Picture) -> bool:
        """Whether the article can do without `picture`."""
        policy = self.article.options.image_failure
        if self.article.article_type == "newspic":  # has nothing to keep an address in
            return policy == "placeholder"
        return policy != "fail" or (picture.is_background and picture.kinds == ["article"])


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
        """What became of each picture; raises the first GatewayError, with its place as `field`.

        A picture that cannot be had ends it only as `image_failure` says; a background never.
        """
        slots = asyncio.Semaphore(self._concurrency)
        pictures = order.plan.pictures
        arrived: Arrived = {}
        finished = 0

        async def bring(picture: Picture) -> None:
            nonlocal finished
            async with slots:
                arrived.update(await self._bring_or_replace(order, picture))
            finished += 1
            if on_progress is not None:
                await on_progress("images", finished, len(pictures))

        with first_of_group():
            async with asyncio.TaskGroup() as group:
                for picture in pictures:
                    group.create_task(bring(picture))
        return arrived

    async def bring_one(
        self,
        account: str,
        src: str,
        files: Mapping[str, bytes],
        kind: UploadKind,
        options: PictureOptions = DEFAULT_OPTIONS,
    ) -> Brought:
        """One picture for itself. Raises as `bring` does, without a field."""
        with self._memory.share() as share:
            source = await load_picture(src, files, self._fetcher, field="", room=share)
            share.keep(len(source))
            fit = partial(self._images.fit, source, shown(src), TARGETS[kind], options)
            uploaded = await self._uploader.upload(account, kind, source, fit, options=options)
            return Brought(*uploaded, len(source))

    async def placeholder(self, account: str, kind: UploadKind, alt: str) -> Brought:
        """The picture that stands for one that cannot be had."""
        source = _PLACEHOLDER + alt.encode()
        uploaded = await self._uploader.upload(
            account, kind, source, lambda: self._images.placeholder(alt)
        )
        return Brought(*uploaded, 0)

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._uploader.aclose()

    async def _bring_or_replace(self, order: Order, picture: Picture) -> Arrived:
        with blame(picture.field):
            try:
                with self._memory.share() as share:
                    return await self._bring_one(order, picture, share)
            except (FetchError, ImageError) as error:
                if not order.lets_go(picture):
                    raise
                failure = error.anew()  # without a traceback, which holds the picture
            log.info("picture is not to be had", code=failure.code, field=picture.field)
            return {
                (picture.src, kind): await self._instead(order, picture, kind, failure)
                for kind in picture.kinds
            }

    async def _bring_one(self, order: Order, picture: Picture, share: Share) -> Arrived:
        src = picture.src
        if src is None:
            return {(src, kind): await self._drawn_cover(order, kind) for kind in picture.kinds}
        source = await load_picture(
            src, order.files, self._fetcher, field=picture.field, room=share
        )
        share.keep(len(source))
        options = PictureOptions.of(order.article.options)
        fits = _Fits(self._images, source, shown(src), options)
        results = await asyncio.gather(
            *(
                self._uploader.upload(
                    order.account, kind, source, partial(fits.get, TARGETS[kind]), options=options
                )
                for kind in picture.kinds
            )
        )
        crops: Mapping[str, Crop] = {}
        if "cover" in picture.kinds and order.article.options.cover_crop != "off":
            crops = await fits.crops(centred=order.article.options.cover_crop == "center")
        return {
            (src, kind): Brought(*result, len(source), crops=crops)
            for kind, result in zip(picture.kinds, results, strict=True)
        }

    async def _instead(
        self, order: Order, picture: Picture, kind: UploadKind, failure: GatewayError
    ) -> Brought:
        """What stands for a picture that cannot be had."""
        if kind != "article" and picture.src == order.plan.cover:
            return (await self._drawn_cover(order, kind))._replace(failure=failure)
        if picture.is_background or order.article.options.image_failure == "keep":
            return Brought("", None, 0, failure)
        drawn = await self.placeholder(order.account, kind, picture.alt)
        return drawn._replace(failure=failure)

    async def _drawn_cover(self, order: Order, kind: UploadKind) -> Brought:
        title = order.article.title
        uploaded = await self._uploader.upload(
            order.account,
            kind,
            _DRAWN_COVER + title.encode(),
            lambda: self._images.plain_cover(title),
        )
        crops = {} if order.article.options.cover_crop == "off" else center_crops(*COVER_SIZE)
        return Brought(*uploaded, 0, crops=crops)


class _Fits:
    """A picture made to fit each of its uses; what serves several is made once."""

    def __init__(
        self, images: ImageWorkers, source: bytes, name: str, options: PictureOptions
    ) -> None:
        self._images = images
        self._source = source
        self._name = name
        self._options = options
        self._lock = asyncio.Lock()
        self._made: list[Fitted] = []

    async def get(self, target: Target) -> Fitted:
        async with self._lock:
            for fitted in self._made:
                if fitted.content_type in target.types and len(fitted.data) <= target.max_bytes:
                    return fitted
            fitted = await self._images.fit(self._source, self._name, target, self._options)
            self._made.append(fitted)
            return fitted

    async def crops(self, *, centred: bool) -> dict[str, Crop]:
        """Which parts of it lists should show. What was made of it is quicker to look at."""
        data = min((self._source, *(fitted.data for fitted in self._made)), key=len)
        return await self._images.crops(data, self._name, centred=centred)
