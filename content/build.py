from collections.abc import Mapping
from typing import NamedTuple

from content.article import ArticleFields, BuiltArticle, RenderedArticle
from content.bring import Arrived, Bringer, Brought, Order, Progress
from content.load import ImageFetcher
from content.memory import PictureBounds
from content.outcomes import report
from content.pictures.gate import ImageWorkers
from content.pictures.target import DEFAULT_OPTIONS, PictureOptions
from content.plan import Plan, plan_pictures
from content.refusals import TitleMissing
from content.renderer import Renderer
from content.replace import with_urls
from content.uploads import UploadedImages, UploadKind
from wechat.draft import Article
from wechat.material import MaterialClient

_DEFAULT_BOUNDS = PictureBounds()


class Prepared(NamedTuple):
    """A rendered article, and the pictures that it wants."""

    rendered: RenderedArticle
    plan: Plan


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
        self._bringer = Bringer(fetcher, material, uploaded, images, bounds)

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
        prepared = await self.prepare(account, fields, files)
        return await self.finish(account, prepared, files, on_progress=on_progress)

    async def prepare(
        self, account: str, fields: ArticleFields, files: Mapping[str, bytes]
    ) -> Prepared:
        """Render with the account's word lists, and say which pictures are wanted."""
        rendered = await self._renderer.render(fields, account)
        if not rendered.title:
            raise TitleMissing(field="title")
        return Prepared(rendered, plan_pictures(rendered, files))

    async def finish(
        self,
        account: str,
        prepared: Prepared,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> BuiltArticle:
        """Bring the pictures to WeChat, and write where they are there into the article."""
        rendered, plan = prepared
        arrived = await self._bringer.bring(Order(account, rendered, plan, files), on_progress)
        images, warnings = report(rendered, plan, arrived)
        return BuiltArticle(
            article=await _article(rendered, plan, arrived),
            images=images,
            warnings=rendered.warnings + warnings,
        )

    async def upload(
        self,
        account: str,
        src: str,
        files: Mapping[str, bytes],
        kind: UploadKind,
        options: PictureOptions = DEFAULT_OPTIONS,
    ) -> Brought:
        """Bring one picture to WeChat, of no article; it is remembered as those of articles are."""
        return await self._bringer.bring_one(account, src, files, kind, options)

    async def placeholder(self, account: str, kind: UploadKind, alt: str) -> Brought:
        """What stands in an article of others for a picture that cannot be had."""
        return await self._bringer.placeholder(account, kind, alt)

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._bringer.aclose()


async def _article(rendered: RenderedArticle, plan: Plan, arrived: Arrived) -> Article:
    newspic = rendered.article_type == "newspic"
    urls = _values(arrived, "article")
    gone = {
        image.src
        for image in rendered.images
        if image.place == "background" and (image.src, "article") in arrived
    }
    materials = _values(arrived, "material")
    cover = None if newspic else arrived.get((plan.cover, "cover"))
    return Article(
        title=rendered.title,
        content=rendered.content if newspic else await with_urls(rendered.content, urls, gone),
        thumb_media_id=cover.value if cover else plan.media_id or "",
        author=rendered.author,
        digest=rendered.digest,
        content_source_url=rendered.content_source_url,
        need_open_comment=int(rendered.need_open_comment),
        only_fans_can_comment=int(rendered.only_fans_can_comment),
        article_type=rendered.article_type,
        # One that was not to be brought is there: its source is its media_id.
        image_media_ids=[materials.get(image.src, image.src) for image in rendered.images]
        if newspic
        else (),
        crops=rendered.crops or (cover.crops if cover else {}),
    )


def _values(arrived: Arrived, wanted: UploadKind) -> dict[str, str]:
    """The URL or media_id of each picture that is there."""
    return {
        src: it.value for (src, kind), it in arrived.items() if kind == wanted and src and it.value
    }
