"""Open a picture, turn it and move its colours to sRGB. Runs in a worker process, nowhere else."""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageCms

from content.pictures.errors import ImageExtraMissing
from content.pictures.header import check_pixels

# The one decoder for each type that fetch.sniff names: Pillow would try all it has.
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}
_ANIMATIONS = ("GIF", "PNG", "WEBP", "AVIF")
_ORIENTATION = 0x0112
_ON_THEIR_SIDE = (5, 6, 7, 8)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Decoded(NamedTuple):
    """A picture as it is to be looked at: upright, sRGB, in mode RGB, RGBA or L."""

    image: Image.Image
    full_size: tuple[int, int]  # upright, before it was made smaller
    smaller: bool  # than it was
    moves: bool  # it was an animation, and this is its first frame


def open_image(data: bytes, content_type: str, picture: str) -> Image.Image:
    """The picture, not decoded yet; raises ImageTooManyPixels and ImageExtraMissing."""
    if content_type == "image/heic":
        _register_heif(picture)
    image = _opened(data, _FORMATS[content_type])
    check_pixels(*image.size, picture)
    return image


def decode(image: Image.Image, *, halve_to_px: int) -> Decoded:
    """What `open_image` gave, at 1, ½, ¼ or ⅛ of its size, not below the width `halve_to_px`."""
    moves = image.format in _ANIMATIONS and bool(getattr(image, "is_animated", False))
    full_width, full_height = full_size = image.size
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation in _ON_THEIR_SIDE:
        full_size = (full_height, full_width)
    scale = _halving(full_size[0], halve_to_px)
    # libjpeg decodes at ½, ¼ … size itself, which costs a fraction. A size even slightly above
    # width / scale would make Pillow keep the full one.
    image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))
    image.load()
    drafted = image.width < full_width
    profile = image.info.get("icc_profile")
    if profile and image.mode == "CMYK":
        image = _in_srgb(image, profile)
        profile = None
    image = _in_eight_bits(image)
    if scale > 1 and not drafted:
        image = _reduced(image, scale)
    if profile and image.mode != "L":
        image = _in_srgb(image, profile)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    image.info = {}  # encoders write comments, profiles and more from here
    return Decoded(image, full_size, scale > 1, moves)


def _opened(data: bytes, kind: str) -> Image.Image:
    # Pillow's own limit is only a warning at first, higher than ours, and does not tell the size.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(BytesIO(data), formats=[kind])
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _register_heif(picture: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise ImageExtraMissing(picture=picture, extra="heif") from None
    register_heif_opener()


def _halving(width: int, halve_to_px: int) -> int:
    """By how much, as a power of two, a picture may shrink and still be sharp."""
    scale = 1
    while width // (scale * 2) >= halve_to_px and scale < 8:
        scale *= 2
    return scale


def _reduced(image: Image.Image, scale: int) -> Image.Image:
    if image.mode == "RGBA":  # the colour of what cannot be seen must not count
        return image.convert("RGBa").reduce(scale).convert("RGBA")
    return image.reduce(scale)


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """RGB, RGBA or L: what the encoders take."""
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    transparent = image.mode in ("LA", "PA") or "transparency" in image.info
    if image.mode in ("RGB", "L", "RGBA") and not transparent:
        return image
    return image.convert("RGBA" if transparent else "RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Move the colours to sRGB; a profile that makes no sense is ignored, as browsers do."""
    colours = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        moved = ImageCms.profileToProfile(
            colours,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    if moved is not None and image.mode == "RGBA":
        moved.putalpha(image.getchannel("A"))
    return moved or image
