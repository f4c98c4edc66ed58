from typing import TypeVar

from content.fields import MAX_MARKDOWN_BYTES, ArticleFields, DraftFields
from content.template_work import TemplateWork
from core.clock import Clock
from core.errors import GatewayError
from templates.errors import TemplateFailed
from templates.shelf import Pins, TemplateShelf

Fields = TypeVar("Fields", bound=ArticleFields)


class TemplateFiller:
    """Puts the Markdown that a template makes in the place of its name and variables."""

    def __init__(self, shelf: TemplateShelf, work: TemplateWork, *, clock: Clock) -> None:
        self._shelf = shelf
        self._work = work
        self._clock = clock

    async def pins(self, fields: DraftFields, *, at: float | None = None) -> dict[str, int]:
        """The versions of all templates that the draft is made with; its variables are good.

        Raises TemplateMissing, TemplateKindWrong, TemplateInvalid, VariableInvalid.
        """
        pins: dict[str, int] = {}
        for index, article in enumerate(fields.each()):
            if article.template is None:
                continue
            try:
                bundle = await self._shelf.bundle(article.template, kind="article")
                when = self._clock() if at is None else at
                bundle.request(article.variables or {}, at=when, account="")
            except GatewayError as exc:
                raise _placed(exc, fields.path(index)) from None
            pins |= bundle.pins
        return pins

    async def filled(
        self, fields: Fields, *, account: str = "", at: float | None = None, pins: Pins | None = None
    ) -> Fields:
        """The fields without templates.

        `at`: the Unix time that a template calls now; `pins`: the versions to use. Raises what
        `pins` does, and TemplateFailed, FrontMatterInvalid, RenderingBusy.
        """
        when = self._clock() if at is None else at
        if not isinstance(fields, DraftFields) or fields.articles is None:
            return await self._one(fields, account, when, pins)
        articles = []
        for index, article in enumerate(fields.articles):
            try:
                articles.append(await self._one(article, account, when, pins))
            except GatewayError as exc:
                raise _placed(exc, fields.path(index)) from None
        return fields.model_copy(update={"articles": tuple(articles)})

    async def _one(self, fields: Fields, account: str, at: float, pins: Pins | None) -> Fields:
        if fields.template is None:
            return fields
        bundle = await self._shelf.bundle(fields.template, pins, kind="article")
        request = bundle.request(fields.variables or {}, at=at, account=account)
        markdown = await self._work.fill(request)
        if len(markdown.encode()) > MAX_MARKDOWN_BYTES:
            zh, en = "写出的文章过长", "the article that it writes is too long"
            raise TemplateFailed(template=bundle.entry.name, line="?", zh=zh, en=en)
        return fields.model_copy(update={"markdown": markdown, "template": None, "variables": None})


def _placed(exc: GatewayError, path: str) -> GatewayError:
    """The error with the place of its article before its field."""
    exc.field = path + exc.field if exc.field else path.rstrip(".") or None
    return exc
