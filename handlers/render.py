from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from content.article import ArticleFields, RenderedArticle
from content.filling import TemplateFiller
from content.kinds import ArticleType
from content.renderer import Renderer
from core.errors import Language
from handlers.bodies import read_model
from handlers.errors import language_of_caller
from handlers.guard import require_scope

_MAX_BYTES = 4_000_000  # 1 MB of HTML, escaped as JSON at its worst


class RenderedImage(BaseModel):
    """A picture that the article uses."""

    src: str
    alt: str


class RenderedWarning(BaseModel):
    """Something to know that does not stop the article."""

    code: str
    message: str
    field: str | None = None


class RenderedStats(BaseModel):
    """Figures of the body."""

    characters: int
    bytes: int
    reading_minutes: int


class RenderAnswer(BaseModel):
    """HTML as WeChat keeps it, but for its pictures, which are still where they were."""

    article_type: ArticleType
    html: str = Field(description="of news")
    text: str = Field(description="of a newspic, whose pictures are `images`")
    title: str
    digest: str
    keywords: list[str]
    images: list[RenderedImage]
    warnings: list[RenderedWarning]
    stats: RenderedStats


class RenderHandler:
    """Markdown to HTML; touches no account."""

    def __init__(self, renderer: Renderer, templates: TemplateFiller) -> None:
        self._renderer = renderer
        self._templates = templates

    async def render(self, request: Request) -> Response:
        """The article as it would be sent."""
        fields = await read_model(request, ArticleFields, max_bytes=_MAX_BYTES)
        if fields.template is not None:
            require_scope(request, Scope.DRAFT, Scope.TEMPLATES)
        fields = await self._templates.filled(fields)
        rendered = await self._renderer.render(fields, keywords=True)
        language = language_of_caller(request)
        return JSONResponse(render_answer(rendered, language))


def render_answer(rendered: RenderedArticle, language: Language) -> dict[str, Any]:
    """What is told of a rendering, as JSON."""
    is_newspic = rendered.article_type == "newspic"
    answer = RenderAnswer(
        article_type=rendered.article_type,
        html="" if is_newspic else rendered.preview,
        text=rendered.preview if is_newspic else "",
        title=rendered.title,
        digest=rendered.digest,
        keywords=list(rendered.keywords),
        images=[RenderedImage(src=image.src, alt=image.alt) for image in rendered.images],
        warnings=[
            RenderedWarning(
                code=warning.code,
                message=warning.message.fill(language, {}),
                field=warning.field,
            )
            for warning in rendered.warnings
        ],
        stats=RenderedStats(
            characters=rendered.stats.characters,
            bytes=rendered.stats.bytes,
            reading_minutes=rendered.stats.reading_minutes,
        ),
    )
    return answer.model_dump()
