from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageSequence

from content.pictures.codec import encode_anew
from content.pictures.encode import Encoded
from content.pictures.errors import ImageCannotFit, ImageInvalid, ImageTooManyPixels
from content.pictures.target import ARTICLE, COVER, DEFAULT_OPTIONS, THUMB, PictureOptions, Target
from core.errors import GatewayError
from fetch.sniff import sniff_image
from tests.content.conftest import encode, halves, moving, photo

MARK = "SECRET-GPS-MARK"
LIMIT = 999_999


def _fit(
    data: bytes, target: Target = ARTICLE, options: PictureOptions = DEFAULT_OPTIONS
) -> tuple[Encoded, str]:
    moves = data[:3] == b"GIF" and b"NETSCAPE2.0" in data
    content_type = sniff_image(data) or "image/png"
    return encode_anew(data, content_type, target, options, "x", moves=moves)


def _fitted(
    data: bytes, limit: int = LIMIT, options: PictureOptions = DEFAULT_OPTIONS
) -> tuple[Image.Image, str, bytes]:
    encoded, action = _fit(data, replace(ARTICLE, max_bytes=limit), options)
    assert len(encoded.data) <= limit
    image = Image.open(BytesIO(encoded.data))
    image.load()
    assert encoded.content_type == f"image/{(image.format or '').lower()}"
    return image, action, encoded.data


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "GIF", "AVIF", "JPEG", "PNG", "HEIF"])
def test_every_kind_becomes_jpeg_or_png_with_its_colours(kind: str) -> None:
    image, action, _ = _fitted(encode(halves(), kind))
    assert image.format in ("JPEG", "PNG")
    assert action == "converted"
    assert image.size == (80, 60)
    left, right = image.convert("RGB").getpixel((5, 30)), image.convert("RGB").getpixel((75, 30))
    assert _near(left, (200, 30, 30))
    assert _near(right, (30, 30, 200))


def _near(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 25 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_turned_and_the_tag_is_gone(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = MARK
    image, _, data = _fitted(encode(halves(), "JPEG", exif=exif))
    assert not image.getexif()
    assert MARK.encode() not in data
    size = (60, 80) if orientation >= 5 else (80, 60)
    assert image.size == size
    red_at = {
        1: (5, 5),
        2: (75, 5),
        3: (75, 5),
        4: (5, 5),
        5: (5, 5),
        6: (5, 5),
        7: (5, 75),
        8: (5, 75),
    }
    assert _near(image.convert("RGB").getpixel(red_at[orientation]), (200, 30, 30))


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "AVIF"])
def test_no_metadata_survives_another_encoding(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = MARK
    data = encode(photo(60, 60), kind, exif=exif, xmp=MARK.encode())
    assert MARK.encode() in data
    assert MARK.encode() not in _fitted(data)[2]


def test_a_large_photo_shrinks_to_a_power_of_two() -> None:
    data = encode(photo(2_600, 900), "JPEG", quality=95)
    assert len(data) > LIMIT
    image, action, _ = _fitted(data)
    assert action == "shrunk"
    assert image.width <= 1_300


def test_what_does_not_fit_at_once_is_made_to_fit() -> None:
    image, action, _ = _fitted(encode(photo(800, 800), "WEBP", quality=100), limit=60_000)
    assert (image.format, action) == ("JPEG", "shrunk")


def test_what_cannot_be_made_to_fit_is_refused() -> None:
    with pytest.raises(ImageCannotFit):
        _fit(encode(photo(100, 100), "PNG"), replace(ARTICLE, max_bytes=100))


def test_transparency_stays_in_a_png_and_turns_white_in_a_jpeg() -> None:
    clear = photo(200, 200).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize((200, 200)))
    image, _, _ = _fitted(encode(clear, "WEBP", lossless=True))
    assert image.mode == "RGBA"
    image, _, _ = _fitted(encode(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG"), limit=300)
    assert image.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
    image, _, _ = _fitted(encode(clear, "PNG"), limit=9_000)
    assert image.format == "JPEG"
    assert min(image.convert("L").crop((0, 0, 160, 2)).tobytes()) > 150


def test_flat_drawings_lose_no_colour() -> None:
    image, _, _ = _fitted(encode(halves(), "BMP"))
    assert image.format == "PNG"
    assert image.convert("RGB").tobytes() == halves().tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "RGBA"])
def test_every_mode_keeps_its_brightness(mode: str) -> None:
    grey = Image.new("L", (50, 50), 180)
    if mode == "I;16":
        source = Image.new("I;16", (50, 50), 180 * 256)
    else:
        source = grey.convert("RGB").convert(mode) if mode in ("P", "CMYK") else grey.convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image, _, _ = _fitted(encode(source, kind))
    mean = sum(image.convert("L").tobytes()) / 2_500
    assert abs(mean - (180 if mode != "1" else 255 * 180 / 255)) < 6


def test_colours_of_another_profile_are_moved() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    moved, _, _ = _fitted(encode(photo(30, 30), "PNG", icc_profile=lab))
    assert "icc_profile" not in moved.info
    _fitted(encode(photo(30, 30), "PNG", icc_profile=b"no profile at all"))


def _huge_png(width: int, height: int) -> bytes:
    from tests.content.pictures.test_png import chunk

    size = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (89_000_000, 1), (8_001, 5_000)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises((ImageTooManyPixels, ImageInvalid)):
        _fit(_huge_png(width, height))


def test_damaged_pictures_give_a_picture_or_a_refusal_and_nothing_else() -> None:
    random = Random(7)
    seeds = [encode(photo(24, 24), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")]
    outcomes = set()
    for _ in range(400):
        data = bytearray(random.choice(seeds))
        for _ in range(random.randint(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            _fit(bytes(data[: random.randint(1, len(data))]))
            outcomes.add(200)
        except GatewayError as error:
            outcomes.add(error.status)
    assert outcomes <= {200, 422}
    assert 422 in outcomes


@pytest.mark.parametrize("data", [b"", b"x", b"%!PS-Adobe-3.0 EPSF", b"II*\0\x08\0\0\0"])
def test_other_decoders_of_pillow_are_never_asked(data: bytes) -> None:
    with pytest.raises(ImageInvalid):
        _fit(data)


def _marked_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"sRGB built-in", MARK[:13].encode()).replace(
        "sRGB built-in".encode("utf-16-be"), MARK[:13].encode("utf-16-be")
    )


def _clear(width: int, height: int) -> Image.Image:
    image = photo(width, height).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.mark.parametrize(
    "data",
    [
        encode(photo(1_200, 700), "JPEG", quality=95, comment=MARK),
        encode(photo(90, 60).convert("L"), "JPEG", exif=_turned(), comment=MARK),
        encode(halves(), "GIF", comment=MARK.encode()),
        encode(_clear(50, 40), "PNG", icc_profile=_marked_profile()),
        encode(_clear(50, 40), "WEBP", lossless=True, icc_profile=_marked_profile()),
        encode(photo(60, 60), "PNG", icc_profile=_marked_profile()),
        encode(photo(60, 60).convert("L"), "PNG", icc_profile=_marked_profile()),
        encode(halves(), "PNG", icc_profile=_marked_profile()),
        encode(photo(60, 60).convert("CMYK"), "JPEG", icc_profile=_marked_profile()),
    ],
)
def test_no_comment_and_no_profile_survives(data: bytes) -> None:
    image, _, fitted = _fitted(data)
    for name in ("comment", "icc_profile", "exif", "xmp", "dpi"):
        assert name not in image.info
    assert MARK[:13].encode() not in fitted
    assert b"iCCP" not in fitted


def test_colours_of_another_profile_are_moved_and_their_transparency_stays() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    other = profile.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")
    clear = _clear(30, 30)  # in a profile where red and blue have changed places
    moved, _, _ = _fitted(encode(clear, "PNG", icc_profile=other))
    assert moved.mode == "RGBA"
    assert moved.getchannel("A").tobytes() == clear.getchannel("A").tobytes()
    assert moved.convert("RGB").tobytes() != clear.convert("RGB").tobytes()


@pytest.mark.parametrize(("mode", "clear"), [("RGB", (200, 30, 30)), ("L", 0)])
def test_a_colour_declared_transparent_stays_so(mode: str, clear: Any) -> None:
    image, _, _ = _fitted(encode(halves().convert(mode), "PNG", transparency=clear))
    alphas = set(image.convert("RGBA").getchannel("A").tobytes())
    assert alphas == ({0, 255} if mode == "RGB" else {255})


def test_an_animation_over_the_limit_stays_one_with_fewer_pixels_colours_and_frames() -> None:
    data = moving(12, size=(320, 240))
    target = replace(ARTICLE, max_animation_bytes=len(data) // 3)
    encoded, action = _fit(data, target)
    assert (encoded.content_type, action) == ("image/gif", "shrunk")
    assert len(encoded.data) <= target.max_animation_bytes
    with Image.open(BytesIO(encoded.data)) as image:
        assert image.info["loop"] == 0
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert sum(durations) == 12 * 80
    assert MARK.encode() not in encoded.data


def test_an_animation_that_cannot_stay_one_becomes_its_first_frame() -> None:
    data = moving(6)
    for target in (replace(ARTICLE, max_animation_bytes=2_000), COVER):
        encoded, action = _fit(data, target)
        assert (encoded.content_type, action) == ("image/png", "still")


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_other_animations_the_first_frame_is_taken(kind: str) -> None:
    frames = [halves(), photo(80, 60)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    image, action, _ = _fitted(data)
    assert action == "still"
    assert image.convert("RGB").tobytes() == halves().tobytes()


def test_a_thumb_is_a_jpeg_of_64_kb() -> None:
    clear = photo(1_600, 900).convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    encoded, action = _fit(encode(clear, "PNG", compress_level=1), THUMB)
    assert (encoded.content_type, action) == ("image/jpeg", "shrunk")
    assert len(encoded.data) <= 64_000


def test_quality_and_width_are_as_the_author_wants() -> None:
    data = encode(photo(900, 500), "WEBP", quality=95)
    good, _, good_data = _fitted(data, options=PictureOptions(95, 600))
    poor, _, poor_data = _fitted(data, options=PictureOptions(50, 600))
    assert good.size == poor.size == (600, 333)
    assert len(poor_data) < len(good_data) / 2
    wide, action, _ = _fitted(encode(photo(900, 500), "JPEG"), options=PictureOptions(85, 5_000))
    assert (wide.size, action) == ((900, 500), "converted")


def test_the_width_is_that_of_the_picture_as_it_is_seen() -> None:
    data = encode(photo(300, 900), "JPEG", exif=_turned())  # lying: 900 wide
    assert _fitted(data, options=PictureOptions(85, 450))[0].size == (450, 150)


def test_a_drawing_becomes_a_png() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="9"/></svg>'
    image, action, _ = _fitted(svg)
    assert (image.format, image.size, action) == ("PNG", (120, 80), "converted")
    assert _fitted(svg, options=PictureOptions(85, 90))[0].size == (90, 60)


def test_palette_alpha_and_16_bits_survive_being_halved() -> None:
    clear = _clear(2_600, 400).quantize(200)
    for source in (clear, Image.new("I;16", (2_600, 900), 180 * 256)):
        data = encode(source, "PNG", compress_level=0)
        image, action, _ = _fitted(data, limit=len(data) - 1)
        assert (image.width, action) == (1_300, "shrunk")
