from typing import Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)

from content.options import RenderOptions

MAX_MARKDOWN_BYTES = 65_536  # WeChat's 20 000 characters are about 60 KB
MAX_HTML_BYTES = 1_000_000


class ArticleFields(BaseModel):
    """One article as a caller sends it. Front matter may give the same fields; those sent win."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    markdown: str | None = Field(None, description="CommonMark with GFM, ≤64 KB; or html")
    html: str | None = Field(None, description="ready HTML, ≤1 MB; or markdown")
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
        if (self.markdown is None) == (self.html is None):
            raise ValueError("give exactly one of markdown and html")
        if self.markdown is not None and len(self.markdown.encode()) > MAX_MARKDOWN_BYTES:
            raise ValueError(f"markdown must not be over {MAX_MARKDOWN_BYTES} bytes")
        return self

    @field_serializer("options")
    def _given_options(self, options: RenderOptions | None) -> dict[str, object] | None:
        """Without those that nobody gave: they stay open for the gateway's."""
        return None if options is None else options.given()

    def given(self) -> dict[str, str | bool]:
        """The fields that were sent, without the text itself and the options."""
        return self.model_dump(exclude_none=True, exclude={"markdown", "html", "options"})

    def given_options(self) -> dict[str, object]:
        """The options that were sent."""
        return {} if self.options is None else self.options.given()
