from dataclasses import dataclass
from typing import Literal, NamedTuple

from content.options import RenderOptions
from wechat.limits import (
    MATERIAL_IMAGE_BYTES,
    MATERIAL_IMAGE_TYPES,
    TEMPORARY_IMAGE_BYTES,
    TEMPORARY_IMAGE_TYPES,
    THUMB_BYTES,
    UPLOADIMG_BYTES,
    UPLOADIMG_TYPES,
)

TargetName = Literal["article", "cover", "material", "thumb", "temporary"]

_SHARP_WIDTH_PX = 1_280  # the article column is 677 px wide, on screens of twice the density
_THUMB_WIDTH_PX = 240


@dataclass(frozen=True, slots=True)
class Target:
    """What one of WeChat's calls takes of a picture."""

    name: TargetName
    max_bytes: int
    types: frozenset[str]
    max_animation_bytes: int = 0  # of a GIF that moves; 0: its first frame is taken
    min_width_px: int = _SHARP_WIDTH_PX  # a picture over the limit is first halved down to this


# uploadimg takes no GIF; one that moves goes to the library, whose url articles may use too
# (reference wechat-api.md, 2.1 and 2.5).
ARTICLE = Target("article", UPLOADIMG_BYTES - 1, UPLOADIMG_TYPES, MATERIAL_IMAGE_BYTES)
COVER = Target("cover", UPLOADIMG_BYTES - 1, UPLOADIMG_TYPES)
MATERIAL = Target("material", MATERIAL_IMAGE_BYTES, MATERIAL_IMAGE_TYPES, MATERIAL_IMAGE_BYTES)
THUMB = Target("thumb", THUMB_BYTES, frozenset({"image/jpeg"}), min_width_px=_THUMB_WIDTH_PX)
TEMPORARY = Target("temporary", TEMPORARY_IMAGE_BYTES, TEMPORARY_IMAGE_TYPES, TEMPORARY_IMAGE_BYTES)

TARGETS: dict[TargetName, Target] = {
    target.name: target for target in (ARTICLE, COVER, MATERIAL, THUMB, TEMPORARY)
}


class PictureOptions(NamedTuple):
    """What an article's author may say about its pictures."""

    quality: int = 85  # of pictures encoded anew
    max_width_px: int = 0  # 0: as they are

    @classmethod
    def of(cls, options: RenderOptions) -> "PictureOptions":
        """The part of `options` that changes a picture's bytes."""
        return cls(options.image_quality, options.image_max_width)


DEFAULT_OPTIONS = PictureOptions()
