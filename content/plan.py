from collections.abc import Mapping
from dataclasses import dataclass

from content.article import ImageRef, RenderedArticle
from content.kinds import is_media_id
from content.pictures.source import judge_source, source_kind
from content.uploads import UploadKind


@dataclass(slots=True)
class Picture:
    """One picture to bring to WeChat; `src` None: a cover is drawn."""

    src: str | None
    field: str  # where the article names it, for messages
    kinds: list[UploadKind]
    alt: str = ""
    is_background: bool = False  # of a style


@dataclass(frozen=True, slots=True)
class Plan:
    """Which pictures an article needs at WeChat."""

    pictures: tuple[Picture, ...]
    cover: str | None  # the src of the cover's picture; None: drawn, or there already
    media_id: str | None  # the cover, if the article names one that WeChat has


def plan_pictures(article: RenderedArticle, files: Mapping[str, bytes]) -> Plan:
    """Body pictures not at WeChat yet, and the cover: the named one, else the first, else drawn.

    Raises ImageSourceForbidden for the cover's source, unless `image_failure` lets pictures go.
    """
    if article.article_type == "newspic":
        return _plan_newspic(article, files)
    pictures = {
        image.src: _picture(image, index, "article")
        for index, image in enumerate(article.images)
        if source_kind(image.src) != "wechat"
    }
    cover = article.cover
    if cover is not None and is_media_id(cover) and cover not in files:
        return Plan(tuple(pictures.values()), None, cover)
    if cover is None:
        shown = (src for src, picture in pictures.items() if _may_be_cover(picture))
        cover = next(shown, None)
    if cover is None:
        drawn = Picture(None, "cover", ["cover"])
        return Plan((*pictures.values(), drawn), None, None)
    if cover not in pictures:
        if article.options.image_failure == "fail":
            judge_source(cover, field="cover")
        pictures[cover] = Picture(cover, "cover", [])
    pictures[cover].kinds.append("cover")
    return Plan(tuple(pictures.values()), cover, None)


def _may_be_cover(picture: Picture) -> bool:
    """Whether it may stand for the article: no ornament, formula or diagram of the text."""
    is_drawing = (picture.src or "").startswith("data:image/svg+xml")
    return not (picture.is_background or is_drawing)


def _plan_newspic(article: RenderedArticle, files: Mapping[str, bytes]) -> Plan:
    """All its pictures as materials, but for those that are named by their media_id."""
    pictures = [
        _picture(image, index, "material")
        for index, image in enumerate(article.images)
        if image.src in files or not is_media_id(image.src)
    ]
    return Plan(tuple(pictures), None, None)


def _picture(image: ImageRef, index: int, kind: UploadKind) -> Picture:
    is_background = image.place == "background"
    return Picture(image.src, f"images[{index}]", [kind], image.alt, is_background)
