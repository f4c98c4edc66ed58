import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape, unescape

from content.article import ArticleFields, BuiltArticle, ImageOutcome, RenderedArticle
from content.load import ImageFetcher, load_picture
from content.memory import MemoryBudget, PictureBounds, Share
from content.pictures.gate import Fitted, ImageWorkers
from content.pictures.source import shown
from content.plan import Picture, Plan, plan_pictures
from content.refusals import TitleMissing
from content.renderer import Renderer
from content.uploads import Uploaded, UploadedImages, Uploader, UploadKind
from core.errors import GatewayError
from wechat.draft import Article
from wechat.material import MaterialClient

Progress = Callable[[str, int, int], Awaitable[None]]
Arrived = dict[tuple[str | None, UploadKind], tuple[Uploaded, int]]  # with the bytes of its source

_DEFAULT_BOUNDS = PictureBounds()
_REPLACED_HERE_CHARS = 20_000  # more takes a thread: a tag costs the loop about 1 µs
# The sanitizer writes `<` bare in attribute values, so every tag is read, not the pictures' alone.
# It matches at every `<` and tries nothing twice (`++`), or a run of `<img` took quadratic time.
_TAG = re.compile(r'<(img\b)?(?:[^">]++|"[^"]*+")*+>?')
_ATTRIBUTE = re.compile(r'([^\s"=]++)="([^"]*+)"')
_DRAWN_COVER = b"wxgate drawn cover 1\0"  # with the title: what a drawn cover has for a source


class ArticleBuilder:
    """Makes an article ready for draft/add: renders it and brings its pictures to WeChat."""

    def __init__(
        self,
        renderer: Renderer,
        fetcher: ImageFetcher,
        material: MaterialClient,
        uploaded: UploadedImages,
        images: ImageWorkers,
        *,
        bounds: PictureBounds = _DEFAULT_BOUNDS,
    ) -> None:
        """One builder a process: `bounds` hold for all of its articles together."""
        self._renderer = renderer
        self._fetcher = fetcher
        self._uploader = Uploader(material, uploaded)
        self._images = images
        self._concurrency = bounds.concurrency
        self._memory = MemoryBudget(bounds.memory_bytes)

    async def build(
        self,
        account: str,
        fields: ArticleFields,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> BuiltArticle:
        """Render, then fetch, fit and upload all pictures at once, the cover among them.

        `files` are the pictures sent along, by the relative paths that the article names.
        `on_progress` hears ("images", done, total). Raises GatewayErrors; one about a picture has
        its place as `field`: `images[2]` or `cover`. Nothing is uploaded for an article that
        cannot be rendered.
        """
        rendered = await self._renderer.render(fields)
        if not rendered.title:
            raise TitleMissing(field="title")
        plan = plan_pictures(rendered, files)
        arrived = await self._bring(account, rendered.title, plan, files, on_progress)
        urls = {src: up.value for (src, kind), (up, _) in arrived.items() if kind == "article"}
        cover = plan.media_id or arrived[plan.cover, "material"][0].value
        return BuiltArticle(
            article=_article(rendered, await _with_urls(rendered.content, urls), cover),
            images=tuple(_outcome(image.src, arrived) for image in rendered.images),
            warnings=rendered.warnings,
        )

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._uploader.aclose()

    async def _bring(
        self,
        account: str,
        title: str,
        plan: Plan,
        files: Mapping[str, bytes],
        on_progress: Progress | None,
    ) -> Arrived:
        slots = asyncio.Semaphore(self._concurrency)
        arrived: Arrived = {}
        finished = 0

        async def bring(picture: Picture) -> None:
            nonlocal finished
            async with slots:
                with _blame(picture.field), self._memory.share() as share:
                    arrived.update(await self._bring_one(account, title, picture, files, share))
            finished += 1
            if on_progress is not None:
                await on_progress("images", finished, len(plan.pictures))

        with _first_of_group():
            async with asyncio.TaskGroup() as group:
                for picture in plan.pictures:
                    group.create_task(bring(picture))
        return arrived

    async def _bring_one(
        self,
        account: str,
        title: str,
        picture: Picture,
        files: Mapping[str, bytes],
        share: Share,
    ) -> Arrived:
        src = picture.src
        if src is None:
            source = _DRAWN_COVER + title.encode()
            fit = _Once(lambda: self._images.plain_cover(title))
        else:
            source = await load_picture(src, files, self._fetcher, field=picture.field, room=share)
            share.keep(len(source))
            fit = _Once(lambda: self._images.fit(source, shown(src)))
        uploads = [self._uploader.upload(account, kind, source, fit.get) for kind in picture.kinds]
        results = await asyncio.gather(*uploads)
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


async def _with_urls(content: str, urls: Mapping[str | None, str]) -> str:
    if len(content) <= _REPLACED_HERE_CHARS:
        return replace_images(content, urls)
    return await asyncio.to_thread(replace_images, content, urls)


def replace_images(content: str, urls: Mapping[str | None, str]) -> str:
    """`content` with the src of each picture in `urls` replaced."""

    def replace_src(found: re.Match[str]) -> str:
        name, value = found.groups()
        url = urls.get(unescape(value)) if name == "src" else None
        return found.group() if url is None else f'src="{escape(url)}"'

    def replace_in(tag: re.Match[str]) -> str:
        return _ATTRIBUTE.sub(replace_src, tag.group()) if tag.group(1) else tag.group()

    return _TAG.sub(replace_in, content)


def _article(rendered: RenderedArticle, content: str, thumb_media_id: str) -> Article:
    return Article(
        title=rendered.title,
        content=content,
        thumb_media_id=thumb_media_id,
        author=rendered.author,
        digest=rendered.digest,
        content_source_url=rendered.content_source_url,
        need_open_comment=int(rendered.need_open_comment),
        only_fans_can_comment=int(rendered.only_fans_can_comment),
    )


def _outcome(src: str, arrived: Arrived) -> ImageOutcome:
    if (src, "article") not in arrived:
        return ImageOutcome(shown(src), "kept", src, 0, 0, "none")
    (url, fitted), bytes_in = arrived[src, "article"]
    if fitted is None:
        return ImageOutcome(shown(src), "reused", url, bytes_in, 0, "none")
    return ImageOutcome(shown(src), "uploaded", url, bytes_in, len(fitted.data), fitted.action)


@contextmanager
def _blame(field: str) -> Iterator[None]:
    """Say which picture an error is about."""
    try:
        yield
    except GatewayError as error:
        error.field = error.field or field
        raise


@contextmanager
def _first_of_group() -> Iterator[None]:
    """Raise the first GatewayError itself instead of the group that holds it."""
    try:
        yield
    except BaseExceptionGroup as group:
        refusals = group.subgroup(GatewayError)
        raise refusals.exceptions[0] if refusals is not None else group from None
