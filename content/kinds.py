"""What an article may be beside a text with pictures, as callers and front matter say it."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from wechat.limits import NEWSPIC_IMAGES, PRODUCTS

ArticleType = Literal["news", "newspic"]
CropRatio = Literal["2.35_1", "1_1", "16_9"]

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{20,128}")


def _is_area(crop: "tuple[float, float, float, float]") -> "tuple[float, float, float, float]":
    x1, y1, x2, y2 = crop
    if not (x1 < x2 and y1 < y2):
        raise ValueError("must be x1, y1, x2, y2 with x1 < x2 and y1 < y2")
    return crop


def _is_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode, without lone surrogates") from None
    return text


Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Crop: TypeAlias = Annotated[tuple[Fraction, Fraction, Fraction, Fraction], AfterValidator(_is_area)]
Crops: TypeAlias = dict[CropRatio, Crop]
ImageSource: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_is_unicode)]
ImageSources: TypeAlias = Annotated[
    tuple[ImageSource, ...], Field(min_length=1, max_length=NEWSPIC_IMAGES)
]


class Product(BaseModel):
    """A product of the account's shop. `{{product:ID}}` in the text is its place, else the end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: str = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="of 微信小店")
    card_type: int | None = Field(
        None,
        ge=0,
        le=3,
        description="0 large (news), 1 small, 2 a link in the text, 3 a bar (newspic); by default"
        " small, and a bar at the end of a newspic",
    )


Products: TypeAlias = Annotated[tuple[Product, ...], Field(max_length=PRODUCTS)]


def is_media_id(src: str) -> bool:
    """Whether `src` looks like a material that WeChat has."""
    return _MEDIA_ID.fullmatch(src) is not None
