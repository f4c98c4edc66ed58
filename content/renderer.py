from typing import Any

from content import refusals
from content.article import (
    ArticleFields,
    ArticleStats,
    ImageRef,
    RenderedArticle,
    Warning_,
)
from content.kept import KeptRenderings, key_of
from content.lanes import LaneFull
from content.options import RenderOptions
from content.pictures.errors import ImageSourceForbidden
from content.settings import ContentSettings
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError, Text

_RETRY_AFTER_S = 10
_NO_ACCOUNT = ""  # nothing of an account goes into a rendering

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

    def __init__(
        self, workers: WorkerPool, settings: ContentSettings, kept: KeptRenderings | None = None
    ) -> None:
        """`kept` None: every article is rendered anew."""
        self._workers = workers
        self._settings = settings
        self._kept = kept

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
        if self._kept is None:
            return await self._run(fields, arguments)
        key = key_of(arguments)
        rendered = self._kept.get(key, _NO_ACCOUNT)
        if rendered is None:
            rendered = await self._run(fields, arguments)
            self._kept.put(key, rendered, _NO_ACCOUNT)
        return rendered

    def forget(self) -> None:
        """Render everything anew."""
        if self._kept is not None:
            self._kept.clear()

    async def _run(self, fields: ArticleFields, arguments: dict[str, Any]) -> RenderedArticle:
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
