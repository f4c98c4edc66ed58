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
_LOWEST_QUALITY = 65
_QUALITY_PER_LOG = 0.028  # bytes grow by e^(0.028 × quality), reference performance.md §4
_MIN_WIDTH_PX = 1_280  # the article column is 677 px wide, on screens of twice the density
_FLAT_COLORS = 256
_TRIES = 4
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
            image, reduced = _decode(data, limit, picture)
            encoded, content_type, squeezed = _encode(image, limit, picture)
    except (GatewayError, MemoryError):
        raise
    except Exception as exc:
        raise ImageInvalid(picture=picture) from exc
    action = "shrunk" if reduced or squeezed else "converted"
    return {"content_type": content_type, "action": action}, encoded


def _decode(data: bytes, limit: int, picture: str) -> tuple[Image.Image, bool]:
    """The picture, upright, in sRGB; and whether it was made smaller on the way."""
    image: Image.Image = Image.open(BytesIO(data), formats=_FORMATS)
    check_pixels(*image.size, picture)
    full_width = image.width
    scale = _halving(full_width) if len(data) > limit else 1
    # libjpeg decodes at ½, ¼ … size itself, which costs a fraction. A size even slightly above
    # width / scale would make Pillow keep the full one.
    image.draft(None, (image.width // scale, image.height // scale))
    image.load()
    drafted = image.width < full_width
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    image = _in_eight_bits(image)
    if scale > 1 and not drafted:
        image = image.reduce(scale)
    if profile:
        image = _in_srgb(image, profile)
    image.info = {}  # encoders write comments, profiles and more from here
    return image, scale > 1


def _halving(width: int) -> int:
    """By how much, as a power of two, a picture may shrink and still be sharp in the column."""
    scale = 1
    while width // (scale * 2) >= _MIN_WIDTH_PX and scale < 8:
        scale *= 2
    return scale


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """RGB, RGBA or L: what the encoders below take."""
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    transparent = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    if image.mode in ("RGB", "L", "RGBA") and not transparent:
        return image
    return image.convert("RGBA" if transparent else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Move the colours to sRGB; a profile that makes no sense is ignored, as browsers do."""
    if image.mode == "L":
        return image
    colours = image.convert("RGB")
    try:
        moved = ImageCms.profileToProfile(
            colours, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    if moved is not None and image.mode == "RGBA":
        moved.putalpha(image.getchannel("A"))
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
    """The image as PNG, with a palette if need be; None if it is over the limit even so."""
    out = BytesIO()
    image.save(out, "PNG")
    if out.tell() > limit and image.mode == "RGBA":
        out = BytesIO()
        image.quantize(256, Image.Quantize.FASTOCTREE).save(out, "PNG")
    return out.getvalue() if out.tell() <= limit else None


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
        if needed < _LOWEST_QUALITY:
            expected = size * math.exp(_QUALITY_PER_LOG * (_LOWEST_QUALITY - quality))
            image = _scaled(image, min(0.95, 0.95 * math.sqrt(limit / expected)))
        quality = max(needed, _LOWEST_QUALITY)
    raise ImageCannotFit(picture=picture, limit=limit)


def _scaled(image: Image.Image, scale: float) -> Image.Image:
    size = (max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
