from collections.abc import Iterator
from typing import Literal, NamedTuple

from content.article import ImageOutcome, RenderedArticle, Warning_
from content.bring import Arrived, Brought
from content.pictures.source import shown
from content.plan import Plan
from content.uploads import UploadKind
from core.errors import Text

_ANIMATION_LOST = Text(
    "动图只保留了第一帧：微信的正文动图只收 10 MB 以内的 GIF",
    "of an animation the first frame is left: WeChat takes moving pictures as GIF up to 10 MB",
)
_PLACEHOLDER = Text("已换成占位图", "a placeholder stands for it")
_INSTEAD = {
    "img": Text("原地址保留，微信会丢弃它", "its address stays, and WeChat drops it"),
    "background": Text("该背景图已去掉", "the background is left out"),
    "cover": Text("封面改用按标题生成的图", "the cover is drawn from the title instead"),
}


class _Seen(NamedTuple):
    """A picture where the article names it, and what it became; None: it was at WeChat."""

    field: str
    src: str
    place: Literal["img", "background", "cover"]
    brought: Brought | None


def report(
    article: RenderedArticle, plan: Plan, arrived: Arrived
) -> tuple[tuple[ImageOutcome, ...], tuple[Warning_, ...]]:
    """What became of each picture, in their order, and what the author should know of it."""
    seen = list(_see(article, plan, arrived))
    outcomes = tuple(_outcome(one.field, one.src, one.brought) for one in seen)
    warnings = [_warning(one) for one in seen if one.brought and one.brought.failure]
    warnings += [
        Warning_("animation_lost", _ANIMATION_LOST, outcome.field)
        for outcome in outcomes
        if outcome.action == "still" and outcome.field != "cover"
    ]
    return outcomes, tuple(warnings)


def _see(article: RenderedArticle, plan: Plan, arrived: Arrived) -> Iterator[_Seen]:
    kind: UploadKind = "material" if article.article_type == "newspic" else "article"
    for index, image in enumerate(article.images):
        yield _Seen(f"images[{index}]", image.src, image.place, arrived.get((image.src, kind)))
    if plan.cover is not None and plan.cover not in {image.src for image in article.images}:
        cover = next(brought for (src, _), brought in arrived.items() if src == plan.cover)
        yield _Seen("cover", plan.cover, "cover", cover)


def _warning(seen: _Seen) -> Warning_:
    brought = seen.brought
    assert brought is not None  # noqa: S101 - the caller saw its failure
    assert brought.failure is not None  # noqa: S101
    instead = _PLACEHOLDER if brought.value and seen.place == "img" else _INSTEAD[seen.place]
    values, message = brought.failure.values, brought.failure.message
    told = Text(
        f"{message.fill('zh', values)}；{instead.zh}", f"{message.fill('en', values)}; {instead.en}"
    )
    return Warning_("image_failed", told, seen.field)


def _outcome(field: str, src: str, brought: Brought | None) -> ImageOutcome:
    if brought is None:
        return ImageOutcome(field, shown(src), "kept", src)
    url, fitted, bytes_in, failure, _ = brought
    if failure is not None and not url:
        return ImageOutcome(field, shown(src), "failed", "", reason=failure.code)
    if failure is not None:
        made = len(fitted.data) if fitted else 0
        return ImageOutcome(field, shown(src), "placeholder", url, 0, made, reason=failure.code)
    if fitted is None:
        return ImageOutcome(field, shown(src), "reused", url, bytes_in)
    kind = fitted.content_type.removeprefix("image/")
    return ImageOutcome(
        field, shown(src), "uploaded", url, bytes_in, len(fitted.data), kind, fitted.action
    )
