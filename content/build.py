from collections.abc import Mapping

from content.article import ArticleFields, BuiltArticle, ImageOutcome, RenderedArticle
from content.bring import Arrived, Bringer, Order, Progress
from content.load import ImageFetcher
from content.memory import PictureBounds
from content.pictures.gate import ImageWorkers
from content.pictures.source import shown
from content.plan import plan_pictures
from content.refusals import TitleMissing
from content.renderer import Renderer
from content.replace import with_urls
from content.uploads import UploadedImages
from wechat.draft import Article
from wechat.material import MaterialClient

_DEFAULT_BOUNDS = PictureBounds()


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
        rendered = await self._renderer.render(fields)
        if not rendered.title:
            raise TitleMissing(field="title")
        plan = plan_pictures(rendered, files)
        arrived = await self._bringer.bring(Order(account, rendered, plan, files), on_progress)
        urls = {
            src: up.value for (src, kind), (up, _) in arrived.items() if kind == "article" and src
        }
        cover = plan.media_id or arrived[plan.cover, "material"][0].value
        return BuiltArticle(
            article=_article(rendered, await with_urls(rendered.content, urls), cover),
            images=tuple(_outcome(image.src, arrived) for image in rendered.images),
            warnings=rendered.warnings,
        )

    async def aclose(self) -> None:
        """Stop the uploads under way."""
        await self._bringer.aclose()


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
