from collections.abc import Mapping
from dataclasses import dataclass

from content.article import RenderedArticle
from content.kinds import is_media_id
from content.pictures.source import judge_source
from content.uploads import UploadKind


@dataclass(slots=True)
class Picture:
    """One picture to bring to WeChat; `src` None: a cover is drawn."""

    src: str | None
    field: str  # where the article names it, for messages
    kinds: list[UploadKind]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which pictures an article needs at WeChat."""

    pictures: tuple[Picture, ...]
    cover: str | None  # the src of the cover's picture; None: drawn, or there already
    media_id: str | None  # the cover, if the article names one that WeChat has


def plan_pictures(article: RenderedArticle, files: Mapping[str, bytes]) -> Plan:
    """Body pictures not at WeChat yet, and the cover: the named one, else the first, else drawn.

    Raises ImageSourceForbidden for the cover's source.
    """
    if article.article_type == "newspic":
        return _plan_newspic(article, files)
    pictures = {
        image.src: Picture(image.src, f"images[{index}]", ["article"])
        for index, image in enumerate(article.images)
        if judge_source(image.src, field=f"images[{index}]") != "wechat"
    }
    cover = article.cover
    if cover is not None and is_media_id(cover) and cover not in files:
        return Plan(tuple(pictures.values()), None, cover)
    if cover is None:
        cover = next(iter(pictures), None)
    if cover is None:
        return Plan((Picture(None, "cover", ["material"]),), None, None)
    if cover not in pictures:
        judge_source(cover, field="cover")
        pictures[cover] = Picture(cover, "cover", [])
    pictures[cover].kinds.append("material")
    return Plan(tuple(pictures.values()), cover, None)


def _plan_newspic(article: RenderedArticle, files: Mapping[str, bytes]) -> Plan:
    """All its pictures as materials, but for those that are named by their media_id."""
    pictures = [
        Picture(image.src, f"images[{index}]", ["material"])
        for index, image in enumerate(article.images)
        if image.src in files or not is_media_id(image.src)
    ]
    return Plan(tuple(pictures), None, None)
