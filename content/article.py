from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from content.fields import ArticleFields
from content.kinds import ArticleType
from content.options import RenderOptions
from content.words.entries import Level
from content.words.hits import WordHit
from core.errors import Text
from wechat.draft import Article

__all__ = [
    "ArticleFields",
    "ArticleStats",
    "BuiltArticle",
    "ImageOutcome",
    "ImageRef",
    "ProductRef",
    "RenderedArticle",
    "Warning_",
]


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - `Warning` is Python's
    """Something the author should know that does not stop the article."""

    code: str
    message: Text
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A picture of the body: `src` as it stands in the content, unescaped."""

    src: str
    alt: str
    place: Literal["img", "background"] = "img"


@dataclass(frozen=True, slots=True)
class ProductRef:
    """A product card that the article wants."""

    product_id: str
    card_type: int
    mark: str  # what stands in the content where the card belongs; "": at the end
    field: str  # where the article names it, for messages


@dataclass(frozen=True, slots=True)
class ArticleStats:
    """Figures of the rendered body."""

    characters: int  # of the text that readers see
    bytes: int  # of the HTML in UTF-8
    reading_minutes: int


@dataclass(frozen=True, slots=True)
class RenderedArticle:
    """An article whose pictures are still where they were; made without touching an account."""

    title: str  # empty when the article names none
    author: str
    digest: str
    content: str  # HTML fit for WeChat but for the src of its images; of a newspic plain text
    cover: str | None
    content_source_url: str
    need_open_comment: bool
    only_fans_can_comment: bool
    images: tuple[ImageRef, ...]  # one for each src, in the order of their first use
    warnings: tuple[Warning_, ...]
    stats: ArticleStats
    options: RenderOptions  # how it was made: the gateway's, its own before them
    article_type: ArticleType = "news"
    crops: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    products: tuple[ProductRef, ...] = ()
    digest_from_text: bool = False  # nobody gave one
    words: tuple[WordHit, ...] = ()  # of the word lists, the first of them
    word_counts: Mapping[Level, int] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()  # where they were asked for

    @property
    def preview(self) -> str:
        """The content with the places of product cards as the author wrote them."""
        content = self.content
        for product in self.products:
            if product.mark:
                content = content.replace(product.mark, "{{product:" + product.product_id + "}}")
        return content


@dataclass(frozen=True, slots=True)
class ImageOutcome:
    """What became of one picture.

    `kept`: it was at WeChat before. `failed`: it could not be had and has no substitute; where it
    stands, its address stayed, but for a background, which is gone.
    """

    field: str  # images[2], cover
    src: str  # without its query; for messages
    status: Literal["uploaded", "reused", "kept", "placeholder", "failed"]
    url: str  # "" if it is not at WeChat
    bytes_in: int = 0
    bytes_out: int = 0  # 0 when nothing was uploaded
    format: str = ""  # of what was uploaded, such as png
    action: Literal["none", "passed", "converted", "shrunk", "still"] = "none"
    reason: str | None = None  # the code of the error, when it could not be had


@dataclass(frozen=True, slots=True)
class BuiltArticle:
    """An article ready for draft/add."""

    article: Article
    images: tuple[ImageOutcome, ...]
    warnings: tuple[Warning_, ...]
