from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from content.article import ArticleFields
from content.options import RenderOptions
from content.renderer import Renderer
from content.template_work import TemplateWork
from core.clock import Clock
from handlers.bodies import read_model
from handlers.errors import language_of_caller
from handlers.render import RenderAnswer, render_answer
from handlers.templates import MAX_BYTES, require_reader
from templates.book import TemplateBook
from templates.forms import TemplateForm
from templates.shelf import Bundle

_UNSAVED = "unsaved"


class PreviewRequest(BaseModel):
    """What a template is tried with."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=1, le=999_999, description="else the one in use")
    variables: dict[str, Any] = Field(
        {}, max_length=100, description="for what is missing: defaults, then examples"
    )
    theme: str | None = None
    code_theme: str | None = None
    options: RenderOptions | None = None


class UnsavedPreview(PreviewRequest):
    """A template that is not saved yet, and what it is tried with."""

    template: TemplateForm


class MessageAnswer(BaseModel):
    """A message in the forms that channels show."""

    subject: str
    text: str = Field(description="plain, for text messages and beside the HTML of mail")
    markdown: str = Field(description="for chats")
    html: str = Field(description="for mail")


class PreviewAnswer(BaseModel):
    """What a template makes."""

    text: str = Field(description="Markdown of an article; of a message its plain text")
    values: dict[str, Any] = Field(description="what it was filled with")
    article: RenderAnswer | None = Field(description="the Markdown as WeChat gets it")
    message: MessageAnswer | None = Field(description="of a template of messages")


class PreviewHandler:
    """Templates tried out; touches no account."""

    def __init__(
        self, book: TemplateBook, work: TemplateWork, renderer: Renderer, *, clock: Clock
    ) -> None:
        self._book = book
        self._work = work
        self._renderer = renderer
        self._clock = clock

    async def saved(self, request: Request) -> Response:
        """A template of the store, or a built-in one."""
        require_reader(request)
        name = request.path_params["name"]
        wanted = await read_model(request, PreviewRequest, max_bytes=MAX_BYTES)
        bundle = await self._book.bundle(name, wanted.version)
        return await self._shown(request, bundle, wanted)

    async def unsaved(self, request: Request) -> Response:
        """A template that stands in the request."""
        require_reader(request)
        wanted = await read_model(request, UnsavedPreview, max_bytes=MAX_BYTES)
        bundle = await self._book.checked(_UNSAVED, wanted.template)
        return await self._shown(request, bundle, wanted)

    async def _shown(self, request: Request, bundle: Bundle, wanted: PreviewRequest) -> Response:
        filling = bundle.request(wanted.variables, at=self._clock(), account="", examples=True)
        if bundle.entry.kind == "message":
            message = await self._work.write(filling)
            text, article = message["text"], None
        else:
            text, message = await self._work.fill(filling), None
            article = await self._rendered(text, request, wanted)
        told = {"text": text, "values": filling["values"], "article": article, "message": message}
        return JSONResponse(told)

    async def _rendered(
        self, text: str, request: Request, wanted: PreviewRequest
    ) -> dict[str, Any]:
        fields = ArticleFields(
            markdown=text,
            theme=wanted.theme,
            code_theme=wanted.code_theme,
            options=wanted.options,
        )
        rendered = await self._renderer.render(fields, keywords=True)
        return render_answer(rendered, language_of_caller(request))
