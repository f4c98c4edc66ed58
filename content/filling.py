from typing import TypeVar

from content.fields import MAX_MARKDOWN_BYTES, ArticleFields, DraftFields
from content.template_work import TemplateWork
from core.clock import Clock
from core.errors import GatewayError
from store.engine import Database
from templates.errors import TemplateFailed
from templates.shelf import Bundle, Pins, find_bundle

Fields = TypeVar("Fields", bound=ArticleFields)


class TemplateFiller:
    """Puts the Markdown that a template makes in the place of its name and variables."""

    def __init__(self, database: Database, work: TemplateWork, *, clock: Clock) -> None:
        self._database = database
        self._work = work
        self._clock = clock

    async def check(self, fields: DraftFields, *, at: float | None = None) -> None:
        """Refuse what cannot be filled in, as far as that can be told without doing it.

        Raises TemplateMissing, TemplateKindWrong, TemplateInvalid, VariableInvalid.
        """
        when = self._clock() if at is None else at
        for index, article in enumerate(fields.each()):
            if article.template is None:
                continue
            try:
                bundle = await self._bundle(article.template, None)
                bundle.request(article.variables or {}, at=when, account="")
            except GatewayError as exc:
                raise _placed(exc, fields.path(index)) from None

    async def filled(
        self,
        fields: Fields,
        *,
        account: str = "",
        at: float | None = None,
        pins: Pins | None = None,
    ) -> Fields:
        """The fields without templates.

        `at`: the Unix time that a template calls now; `pins`: the versions to use. Raises what
        `check` does, and TemplateFailed, FrontMatterInvalid, RenderingBusy.
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
        bundle = await self._bundle(fields.template, pins)
        request = bundle.request(fields.variables or {}, at=at, account=account)
        markdown = await self._work.fill(request)
        if len(markdown.encode()) > MAX_MARKDOWN_BYTES:
            zh, en = "写出的文章过长", "the article that it writes is too long"
            raise TemplateFailed(template=bundle.entry.name, line="?", zh=zh, en=en)
        return fields.model_copy(update={"markdown": markdown, "template": None, "variables": None})

    async def _bundle(self, reference: str, pins: Pins | None) -> Bundle:
        async with self._database.read() as connection:
            return await find_bundle(connection, reference, pins, kind="article")


def _placed(exc: GatewayError, path: str) -> GatewayError:
    """The error with the place of its article before its field."""
    exc.field = path + exc.field if exc.field else path.rstrip(".") or None
    return exc
