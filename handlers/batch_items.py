"""The items of a batch as callers write them, by kind."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handlers.articles import ArticleRequest, FilePath, Sha256
from jobs.draft_publication import IfChanged
from store.tags import TAGS_A_THING, TagName
from wechat.limits import ARTICLES_PER_DRAFT

MediaId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,160}$")]
Kind = Literal[
    "articles",
    "images.upload",
    "drafts.create",
    "drafts.publish",
    "drafts.delete",
    "materials.delete",
    "materials.tag",
]


class ArticleItem(ArticleRequest):
    """`articles`: the body of POST …/articles."""

    name: str | None = Field(
        None, max_length=512, description="what lists and reports call it, such as its path"
    )


class ImageItem(BaseModel):
    """`images.upload`: a picture that came along, was sent before, or is on the web."""

    model_config = ConfigDict(extra="forbid")

    file: FilePath | None = Field(None, description="a part of the request, or its name")
    sha256: Sha256 | None = Field(None, description="sent before: PUT /v1/files/…")
    url: str | None = Field(None, min_length=1, max_length=4_096, description="http(s) or data:")
    target: Literal["article", "material"] = Field(
        "article", description="article: a URL for articles; material: into the library"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.url is None) == (self.file is None and self.sha256 is None):
            raise ValueError("give url, or else file or sha256")
        return self


class WireItem(BaseModel):
    """`drafts.create`: an article in WeChat's own words; what is not named here goes along."""

    model_config = ConfigDict(extra="allow")

    title: str = Field(min_length=1)
    content: str


class WireDraft(BaseModel):
    """`drafts.create`: several of them in one draft, as draft/add takes them."""

    model_config = ConfigDict(extra="forbid")

    articles: list[WireItem] = Field(min_length=1, max_length=ARTICLES_PER_DRAFT)


class MediaItem(BaseModel):
    """`drafts.delete`, `materials.delete`."""

    model_config = ConfigDict(extra="forbid")

    media_id: MediaId


class PublishItem(MediaItem):
    """`drafts.publish`."""

    if_changed: IfChanged = Field(
        "fail", description="what if the draft was changed since: fail, or publish all the same"
    )
    publish_at: str | None = Field(None, description="when to begin: RFC 3339 with offset")


class TagItem(MediaItem):
    """`materials.tag`."""

    add: list[TagName] = Field([], max_length=TAGS_A_THING)
    remove: list[TagName] = Field([], max_length=TAGS_A_THING)


_MODELS: dict[Kind, type[BaseModel]] = {
    "articles": ArticleItem,
    "images.upload": ImageItem,
    "drafts.create": WireItem,
    "drafts.publish": PublishItem,
    "drafts.delete": MediaItem,
    "materials.delete": MediaItem,
    "materials.tag": TagItem,
}


def model_of(kind: Kind, item: dict[str, Any]) -> type[BaseModel]:
    """What an item of that kind has to be."""
    return WireDraft if kind == "drafts.create" and "articles" in item else _MODELS[kind]
