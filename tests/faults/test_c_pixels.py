"""What becomes of the pixels: colours, sizes, and how often they are sent."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageCms

from content.pictures import errors
from content.pictures.encode import encode as fit_into
from content.pictures.gate import ImageWorkers
from content.pictures.target import ARTICLE, MATERIAL, THUMB, Target
from content.workers import WorkerLimits, WorkerPool
from tests.content.conftest import encode, photo
from tests.content.rig import Rig, article

COLOR = (180, 90, 60)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(WorkerLimits(), size=1)
    yield made
    await made.aclose()


def _delta_e(one: Any, other: Any) -> float:
    """The distance of two sRGB colours, CIE76."""
    lab = ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    points = []
    for color in (one, other):
        image = ImageCms.applyTransform(Image.new("RGB", (1, 1), tuple(color)), to_lab)
        assert image is not None
        light, a, b = image.tobytes()
        # a and b are signed bytes; Pillow gives them as they are.
        points.append((light / 2.55, (a ^ 0x80) - 0x80, (b ^ 0x80) - 0x80))
    return float(sum((x - y) ** 2 for x, y in zip(*points, strict=True)) ** 0.5)


def _wide_gamut() -> bytes:
    """A profile whose red and blue have changed places: colours must visibly move."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"....").replace(b"bXYZ", b"rXYZ").replace(b"....", b"bXYZ")


def _sources() -> dict[str, tuple[bytes, tuple[int, int, int]]]:
    plain = Image.new("RGB", (40, 30), COLOR)
    grey = Image.new("L", (40, 30), 120)
    clear = plain.convert("RGBA")
    clear.putalpha(255)
    half = Image.new("RGBA", (40, 30), (*COLOR, 128))
    on_white = tuple(round(channel * 128 / 255 + 255 * 127 / 255) for channel in COLOR)
    swapped = (COLOR[2], COLOR[1], COLOR[0])
    return {
        "cmyk.jpg": (encode(plain.convert("CMYK"), "JPEG", quality=95), COLOR),
        "grey.jpg": (encode(grey, "JPEG"), (120, 120, 120)),
        "16bit.png": (encode(Image.new("I;16", (40, 30), 120 * 257), "PNG"), (120, 120, 120)),
        "palette.png": (encode(plain.quantize(4), "PNG", transparency=3), COLOR),
        "1bit.png": (encode(Image.new("1", (40, 30), 1), "PNG"), (255, 255, 255)),
        "la.png": (encode(grey.convert("LA"), "PNG"), (120, 120, 120)),
        "rgba.webp": (encode(clear, "WEBP", lossless=True), COLOR),
        "half.png": (encode(half, "PNG"), on_white),  # type: ignore[dict-item]
        "profile.png": (encode(plain, "PNG", icc_profile=_wide_gamut()), swapped),
        "profile.jpg": (encode(plain, "JPEG", icc_profile=_wide_gamut(), quality=95), swapped),
        "p3.webp": (encode(plain, "WEBP", lossless=True, icc_profile=_wide_gamut()), swapped),
        "a.heic": (encode(plain, "HEIF", quality=90), COLOR),
        "a.avif": (encode(plain, "AVIF", quality=90), COLOR),
    }


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # a PNG of 16 bits passes as it is; Pillow would cut them off
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("RGBA")


@pytest.mark.parametrize("target", [ARTICLE, THUMB])
async def test_058_colours_stay_what_they_are(pool: WorkerPool, target: Target) -> None:
    gate = ImageWorkers(pool)
    for name, (data, wanted) in _sources().items():
        fitted = await gate.fit(data, name, target)
        page = Image.new("RGBA", (40, 30), "white")
        page.alpha_composite(_eight_bits(Image.open(BytesIO(fitted.data))))
        found = page.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        assert _delta_e(found, wanted) < 4, (name, found, wanted)


@pytest.mark.parametrize("target", [ARTICLE, MATERIAL, THUMB])
async def test_059_a_noisy_photo_fits_every_limit(pool: WorkerPool, target: Target) -> None:
    noisy = encode(photo(2_000, 1_700), "PNG", compress_level=0)
    assert len(noisy) > 10_000_000
    fitted = await ImageWorkers(pool).fit(noisy, "x", target)
    assert target.max_bytes / 10 < len(fitted.data) <= target.max_bytes


async def test_059_a_moving_picture_over_ten_megabytes_is_made_smaller(pool: WorkerPool) -> None:
    noise = [Random(seed).randbytes(1_200 * 1_000) for seed in range(8)]
    frames = [Image.frombytes("L", (1_200, 1_000), rows) for rows in noise]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    assert len(data) > 10_000_000
    fitted = await ImageWorkers(pool).fit(data, "x")
    assert (fitted.content_type, fitted.action) == ("image/gif", "shrunk")
    assert len(fitted.data) <= 10_000_000


def test_059_what_cannot_fit_is_told_with_the_limit() -> None:
    tiny = Target("article", 300, frozenset({"image/jpeg"}))
    with pytest.raises(errors.ImageCannotFit, match="300"):
        fit_into(photo(400, 400), tiny, 85, "x")


async def test_060_fifty_articles_with_one_picture_upload_it_once(pool: WorkerPool) -> None:
    rig = Rig(pool)
    files = {"a.webp": encode(photo(60, 60), "WEBP")}
    prepared = await rig.builder.prepare("one", article("![](a.webp)"), files)
    await asyncio.gather(
        *(
            rig.builder.finish(account, prepared, files)
            for account in ("one", "other")
            for _ in range(25)
        )
    )
    sent = sorted((account, path.rpartition("/")[2]) for account, path, _ in rig.call.uploads)
    assert sent == [
        ("one", "add_material"),
        ("one", "uploadimg"),
        ("other", "add_material"),
        ("other", "uploadimg"),
    ]
