from typing import Any

from content import refusals
from content.article import (
    ArticleFields,
    ArticleStats,
    ImageRef,
    RenderedArticle,
    Warning_,
)
from content.lanes import LaneFull
from content.options import RenderOptions
from content.pictures.errors import ImageSourceForbidden
from content.settings import ContentSettings
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError, Text

_RETRY_AFTER_S = 10

# All that the pipeline may refuse; a worker sends the code alone.
_REFUSALS: dict[str, type[GatewayError]] = {
    refusal.code: refusal
    for refusal in (
        refusals.FrontMatterInvalid,
        refusals.ThemeUnknown,
        refusals.CodeThemeUnknown,
        refusals.TitleTooLong,
        refusals.AuthorTooLong,
        refusals.DigestTooLong,
        refusals.ContentTooLong,
        refusals.ContentEmpty,
        refusals.MarkdownTooComplex,
        refusals.SourceUrlInvalid,
        refusals.TooManyImages,
        ImageSourceForbidden,
    )
}


class Renderer:
    """Turns what a caller sends into an article for WeChat, without touching an account."""

    def __init__(self, workers: WorkerPool, settings: ContentSettings) -> None:
        self._workers = workers
        self._settings = settings

    async def render(self, fields: ArticleFields) -> RenderedArticle:
        """Run the pipeline; raises the errors of refusals.py, and ImageSourceForbidden."""
        settings = self._settings
        arguments = {
            "markdown": fields.markdown,
            "html": fields.html,
            "defaults": {"theme": settings.theme, "code_theme": settings.code_theme},
            "given": fields.given(),
            "default_options": settings.options.model_dump(),
            "options": fields.given_options(),
            "length_rule": settings.length_rule,
            "max_images": settings.max_images,
        }
        try:
            answer = await self._workers.run("render", arguments)
        except WorkRefused as refused:
            refusal = _REFUSALS[refused.code]
            values: dict[str, Any] = refused.values
            raise refusal(field=refused.field, **values) from None
        except LaneFull:
            raise refusals.RenderingBusy(retry_after_s=_RETRY_AFTER_S) from None
        except WorkExhausted:
            raise refusals.MarkdownTooComplex(field=_text_field(fields)) from None
        except WorkFailed:
            raise refusals.MarkdownInvalid(field=_text_field(fields)) from None
        return _rendered(answer.result)


def _text_field(fields: ArticleFields) -> str:
    return "html" if fields.markdown is None else "markdown"


def _rendered(result: dict[str, Any]) -> RenderedArticle:
    return RenderedArticle(
        **{
            **result,
            "images": tuple(ImageRef(**image) for image in result["images"]),
            "warnings": tuple(
                Warning_(warning["code"], Text(*warning["message"]), warning["field"])
                for warning in result["warnings"]
            ),
            "stats": ArticleStats(**result["stats"]),
            "options": RenderOptions(**result["options"]),
        }
    )
