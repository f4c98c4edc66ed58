"""Decode, turn, shrink and encode a picture. Runs in a worker process, nowhere else."""

import math
import warnings
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageOps

from content.pictures.errors import ImageCannotFit, ImageInvalid
from content.pictures.header import check_pixels
from core.errors import GatewayError

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
_QUALITY = 85
_LOWEST_QUALITY = 60
_QUALITY_PER_LOG = 0.028  # bytes grow by e^(0.028 × quality), reference performance.md §4
_MIN_WIDTH_PX = 1_280  # the article column is 677 px wide, on screens of twice the density
_FLAT_COLORS = 256
_TRIES = 4
_SIXTEEN_TO_EIGHT_BITS = [value >> 8 for value in range(65_536)]
_WHITE = (255, 255, 255)


def fit(arguments: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Encode `data` as JPEG or PNG of at most `arguments["limit"]` bytes.

    Raises ImageTooManyPixels, ImageInvalid, ImageCannotFit; MemoryError passes through.
    """
    limit: int = arguments["limit"]
    picture: str = arguments["picture"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of corrupt metadata, which is left out anyway
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = _decode(data, limit, picture)
            encoded, content_type, shrunk = _encode(image, limit, picture)
    except (GatewayError, MemoryError):
        raise
    except Exception as exc:
        raise ImageInvalid(picture=picture) from exc
    return {"content_type": content_type, "action": "shrunk" if shrunk else "converted"}, encoded


def _decode(data: bytes, limit: int, picture: str) -> Image.Image:
    image: Image.Image = Image.open(BytesIO(data), formats=_FORMATS)
    check_pixels(*image.size, picture)
    if image.format == "JPEG" and len(data) > limit:
        _draft(image)
    image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    image = _in_eight_bits(image)
    return _in_srgb(image, profile) if profile else image


def _draft(image: Image.Image) -> None:
    """Have libjpeg decode at ½, ¼ … size, which costs a fraction and is no worse than a resize."""
    scale = 1
    while image.width // (scale * 2) >= _MIN_WIDTH_PX and scale < 8:
        scale *= 2
    # A size even slightly above width/scale would make Pillow keep the full size.
    image.draft(None, (image.width // scale, image.height // scale))


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """RGB, RGBA or L: what the encoders below take."""
    if image.mode.startswith("I;16"):
        return image.point(_SIXTEEN_TO_EIGHT_BITS, "L")
    if image.mode in ("RGB", "L", "RGBA"):
        return image
    transparent = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Move the colours to sRGB; a profile that makes no sense is ignored, as browsers do."""
    if image.mode != "RGB":
        return image
    try:
        moved = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    return moved or image


def _encode(image: Image.Image, limit: int, picture: str) -> tuple[bytes, str, bool]:
    if image.mode == "RGBA":
        if image.getchannel("A").getextrema() != (255, 255):
            lossless = _png(image, limit)
            if lossless is not None:
                return lossless, "image/png", False
        image = _on_white(image)
    elif (flat := _flat(image)) is not None:
        encoded = _png(flat, limit)
        if encoded is not None:
            return encoded, "image/png", False
    return _jpeg(image.convert("RGB"), limit, picture)


def _flat(image: Image.Image) -> Image.Image | None:
    """The image with a palette, if it has few enough colours to lose none (diagrams, GIFs)."""
    if image.mode != "RGB" or image.getcolors(_FLAT_COLORS) is None:
        return None
    return image.quantize(_FLAT_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _png(image: Image.Image, limit: int) -> bytes | None:
    for candidate in (lambda: image, lambda: image.quantize(256, Image.Quantize.FASTOCTREE)):
        out = BytesIO()
        candidate().save(out, "PNG")
        if out.tell() <= limit:
            return out.getvalue()
    return None


def _on_white(image: Image.Image) -> Image.Image:
    page = Image.new("RGB", image.size, _WHITE)
    page.paste(image, mask=image.getchannel("A"))
    return page


def _jpeg(image: Image.Image, limit: int, picture: str) -> tuple[bytes, str, bool]:
    """One encoding as a rule; if it is over the limit, a lower quality, then a smaller size."""
    quality = _QUALITY
    shrunk = False
    for _ in range(_TRIES):
        out = BytesIO()
        image.save(out, "JPEG", quality=quality)
        size = out.tell()
        if size <= limit:
            return out.getvalue(), "image/jpeg", shrunk
        shrunk = True
        needed = quality - math.ceil(math.log(size / limit) / _QUALITY_PER_LOG) - 1
        if needed >= _LOWEST_QUALITY:
            quality = needed
        else:
            scale = 0.95 * math.sqrt(limit / size)
            image = image.resize(
                (max(1, int(image.width * scale)), max(1, int(image.height * scale))),
                Image.Resampling.LANCZOS,
            )
    raise ImageCannotFit(picture=picture, limit=limit)
