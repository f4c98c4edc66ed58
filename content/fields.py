from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from content.kinds import ArticleType, Crops, ImageSources, Products
from content.options import RenderOptions
from templates.names import TemplateReference
from wechat.limits import ARTICLES_PER_DRAFT

MAX_MARKDOWN_BYTES = 65_536  # WeChat's 20 000 characters are about 60 KB
MAX_HTML_BYTES = 1_000_000


class ArticleFields(BaseModel):
    """One article as a caller sends it. Front matter may give the same fields; those sent win."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    markdown: str | None = Field(None, description="CommonMark with GFM, ≤64 KB; or html")
    html: str | None = Field(None, description="ready HTML, ≤1 MB; or markdown")
    template: TemplateReference | None = Field(
        None, description="the template that makes the Markdown: name, or name@version"
    )
    variables: dict[str, Any] | None = Field(
        None, max_length=100, description="what the template is filled with"
    )
    title: str | None = Field(None, description="≤32 characters; else the first heading")
    author: str | None = Field(None, description="≤16 characters")
    digest: str | None = Field(None, description="≤128 characters; else the text's beginning")
    cover: str | None = Field(
        None,
        description="URL, relative path, data: URI or media_id; else the first picture, else one"
        " made from the title",
    )
    content_source_url: str | None = Field(None, description="where 阅读原文 leads")
    theme: str | None = Field(None, description="else the gateway's default")
    code_theme: str | None = Field(None, description="a style of Pygments")
    need_open_comment: bool | None = Field(None, description="open the comments")
    only_fans_can_comment: bool | None = Field(None, description="to followers only")
    options: RenderOptions | None = Field(
        None, description="how it is made; what is not given is as the gateway has it"
    )
    article_type: ArticleType | None = Field(
        None, description="news, or newspic (小绿书): pictures with a plain text"
    )
    images: ImageSources | None = Field(
        None,
        description="1–20 pictures of a newspic, the first is the cover: URL, relative path,"
        " data: URI or media_id; else those of the text",
    )
    crops: Crops | None = Field(
        None, description="what the cover shows at each ratio: [x1, y1, x2, y2] as fractions"
    )
    products: Products | None = Field(None, description="product cards, ≤50")

    @field_validator("images")
    @classmethod
    def _make_a_newspic(
        cls, images: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if images is not None and info.data.get("article_type") == "news":
            raise ValueError("are of a newspic; those of news stand in its text")
        return images

    @field_validator("markdown", "html")
    @classmethod
    def _bounded(cls, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise ValueError("must be valid Unicode, without lone surrogates") from None
        if size > MAX_HTML_BYTES:
            raise ValueError(f"must not be over {MAX_HTML_BYTES} bytes")
        return text

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if sum(text is not None for text in (self.markdown, self.html, self.template)) > 1:
            raise ValueError("give one of markdown, html and template, not several")
        if self.variables is not None and self.template is None:
            raise ValueError("variables are for a template")
        if not self._has_content():
            raise ValueError("give markdown, html, template or images")
        if self.markdown is not None and len(self.markdown.encode()) > MAX_MARKDOWN_BYTES:
            raise ValueError(f"markdown must not be over {MAX_MARKDOWN_BYTES} bytes")
        return self

    @field_serializer("options")
    def _given_options(self, options: RenderOptions | None) -> dict[str, object] | None:
        """Without those that nobody gave: they stay open for the gateway's."""
        return None if options is None else options.given()

    def _has_content(self) -> bool:
        given = (self.markdown, self.html, self.template, self.images)
        return any(each is not None for each in given)

    def given(self) -> dict[str, Any]:
        """The fields that were sent, without the text itself and the options."""
        text = {"markdown", "html", "template", "variables", "options"}
        return self.model_dump(exclude_none=True, exclude=text)

    def given_options(self) -> dict[str, object]:
        """The options that were sent."""
        return {} if self.options is None else self.options.given()


class DraftFields(ArticleFields):
    """One draft as a caller sends it: one article, or several."""

    articles: tuple[ArticleFields, ...] | None = Field(
        None,
        min_length=1,
        max_length=ARTICLES_PER_DRAFT,
        description="1–8 articles of one draft, the first is the one on top; each with the fields"
        " above, none of which stands beside them",
    )

    @field_validator("articles")
    @classmethod
    def _stand_alone(
        cls, articles: tuple[ArticleFields, ...] | None, info: ValidationInfo
    ) -> tuple[ArticleFields, ...] | None:
        beside = [
            name
            for name, value in info.data.items()
            if name in ArticleFields.model_fields and value is not None
        ]
        if articles is not None and beside:
            raise ValueError(f"say {beside[0]} in each of them, not beside them")
        return articles

    def _has_content(self) -> bool:
        return self.articles is not None or super()._has_content()

    def each(self) -> tuple[ArticleFields, ...]:
        """The articles, in their order."""
        return (self,) if self.articles is None else self.articles

    def path(self, index: int) -> str:
        """Where the fields of an article stand, for messages: "" or `articles[2].`."""
        return "" if self.articles is None else f"articles[{index}]."
