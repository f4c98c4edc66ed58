from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from content import refusals
from content.article import (
    ArticleFields,
    ArticleStats,
    ImageRef,
    ProductRef,
    RenderedArticle,
    Warning_,
)
from content.findings import LintReport, report_of
from content.kept import KeptRenderings, key_of
from content.lanes import LaneFull
from content.options import RenderOptions
from content.pictures.errors import ImageSourceForbidden
from content.settings import ContentSettings
from content.theming.folder import ThemesFolder
from content.words.hits import WordHit
from content.words.shelf import Lexicon, WordShelf
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError, Text

_RETRY_AFTER_S = 10
_NO_ACCOUNT = ""  # accounts with the same word lists share renderings

# Is told a level, and how many words of it were found.
CountWords = Callable[[str, int], None]

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
        refusals.ExtensionBroken,
        refusals.SensitiveWords,
        refusals.SourceUrlInvalid,
        refusals.TooManyImages,
        refusals.NewspicWithoutImages,
        refusals.ProductCardUnsupported,
        refusals.ProductsAtEnd,
        ImageSourceForbidden,
    )
}


class Renderer:
    """Turns what a caller sends into an article for WeChat, without touching an account."""

    def __init__(
        self,
        workers: WorkerPool,
        settings: ContentSettings,
        kept: KeptRenderings | None = None,
        *,
        words: WordShelf | None = None,
        count_words: CountWords = lambda level, count: None,  # noqa: ARG005
    ) -> None:
        """`kept` None: every article is rendered anew.

        `count_words` hears how many words of a level were found, never which.
        """
        self._workers = workers
        self._settings = settings
        self._kept = kept
        self._words = words or WordShelf(settings.words)
        self._count_words = count_words
        self._folder = ThemesFolder(settings.themes_dir)
        self._themes: tuple[str, list[dict[str, Any]]] | None = None

    async def render(
        self, fields: ArticleFields, account: str | None = None, *, keywords: bool = False
    ) -> RenderedArticle:
        """Run the pipeline, with the word lists of `account` if one is given.

        Raises the errors of refusals.py, and ImageSourceForbidden.
        """
        lexicon = await self._words.lexicon(account)
        arguments = {**self._arguments(fields, lexicon), "keywords": keywords}
        return _with_missing(await self._rendered(fields, arguments, lexicon), lexicon.missing)

    async def lint(
        self,
        fields: ArticleFields,
        files: Collection[str] | None = None,
        account: str | None = None,
    ) -> LintReport:
        """All that is wrong with the article; `files`: the names of its local pictures, if known.

        Raises only MarkdownTooComplex, MarkdownInvalid and RenderingBusy.
        """
        lexicon = await self._words.lexicon(account)
        names = None if files is None else list(files)
        arguments = {**self._arguments(fields, lexicon), "lint": True, "files": names}
        return report_of(await self._run(fields, arguments, lexicon))

    def forget(self) -> None:
        """Render everything anew."""
        if self._kept is not None:
            self._kept.clear()

    def _arguments(self, fields: ArticleFields, lexicon: Lexicon) -> dict[str, Any]:
        settings = self._settings
        return {
            "markdown": "" if fields.html is None and fields.markdown is None else fields.markdown,
            "html": fields.html,
            "defaults": {"theme": settings.theme, "code_theme": settings.code_theme},
            "given": fields.given(),
            "default_options": settings.options.model_dump(),
            "options": fields.given_options(),
            "length_rule": settings.length_rule,
            "max_images": settings.max_images,
            "extensions": list(settings.extensions),
            "lexicon": lexicon.name,
            "themes_dir": self._folder.path,
            "themes_stamp": self._folder.stamp(),
        }

    async def _rendered(
        self, fields: ArticleFields, arguments: dict[str, Any], lexicon: Lexicon
    ) -> RenderedArticle:
        if self._kept is None:
            return await self._made(fields, arguments, lexicon)
        key = key_of(arguments)
        rendered = self._kept.get(key, _NO_ACCOUNT)
        if rendered is None:
            rendered = await self._made(fields, arguments, lexicon)
            self._kept.put(key, rendered, _NO_ACCOUNT)
        return rendered

    async def themes(self) -> list[dict[str, Any]]:
        """The themes there are, as `Gallery.listing` gives them; rendered anew when one changed."""
        stamp = self._folder.stamp()
        if self._themes is None or self._themes[0] != stamp:
            try:
                answer = await self._workers.run("themes", {"themes_dir": self._folder.path})
            except (LaneFull, WorkExhausted, WorkFailed):
                raise refusals.RenderingBusy(retry_after_s=_RETRY_AFTER_S) from None
            self._themes = (stamp, answer.result["themes"])
        return self._themes[1]

    async def _made(
        self, fields: ArticleFields, arguments: dict[str, Any], lexicon: Lexicon
    ) -> RenderedArticle:
        rendered = _rendered(await self._run(fields, arguments, lexicon))
        for level, count in rendered.word_counts.items():
            self._count_words(level, count)
        return rendered

    async def _run(
        self, fields: ArticleFields, arguments: dict[str, Any], lexicon: Lexicon
    ) -> dict[str, Any]:
        try:
            return await self._ask(arguments, lexicon)
        except WorkRefused as refused:
            raise self._refusal(refused) from None
        except LaneFull:
            raise refusals.RenderingBusy(retry_after_s=_RETRY_AFTER_S) from None
        except WorkExhausted:
            raise refusals.MarkdownTooComplex(field=_text_field(fields)) from None
        except WorkFailed:
            raise refusals.MarkdownInvalid(field=_text_field(fields)) from None

    async def _ask(self, arguments: dict[str, Any], lexicon: Lexicon) -> dict[str, Any]:
        """What the pipeline gave; a worker that has not seen the lists yet gets them."""
        answer = await self._workers.run("render", arguments)
        if answer.result.get("wants_lists"):
            answer = await self._workers.run("render", arguments, lexicon.lists)
        return answer.result

    def _refusal(self, refused: WorkRefused) -> GatewayError:
        values: dict[str, Any] = refused.values
        if refused.code == refusals.SensitiveWords.code:
            self._count_words("block", int(values["count"]))
        return _REFUSALS[refused.code](field=refused.field, **values)


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
            "keywords": tuple(result["keywords"]),
            "words": tuple(WordHit(**hit) for hit in result["words"]),
            "options": RenderOptions(**result["options"]),
            "products": tuple(ProductRef(**product) for product in result["products"]),
        }
    )


def _with_missing(rendered: RenderedArticle, lists: tuple[str, ...]) -> RenderedArticle:
    if not lists:
        return rendered
    names = ", ".join(lists)
    text = Text(
        f"词表 {names} 读不了，没有按它检查",
        f"{names}: this word list is unreadable and was not used",
    )
    warning = Warning_("word_lists_missing", text)
    return replace(rendered, warnings=(*rendered.warnings, warning))
