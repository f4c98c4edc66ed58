"""What is in a picture besides its pixels: it goes, on every way to WeChat."""

import struct
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from content.pictures import errors
from content.pictures.gate import ImageWorkers
from content.pictures.target import ARTICLE, MATERIAL
from content.workers import WorkerLimits, WorkerPool
from tests.content.conftest import encode, halves, moving, photo
from tests.content.pictures.test_png import chunk
from tests.content.rig import Rig, article

MARK = "SECRET-GPS-MARK"
RAW = MARK.encode()


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(WorkerLimits(), size=1)
    yield made
    await made.aclose()


def _exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = exif[0x0131] = exif[0x9286] = MARK  # maker, software, comment
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[0x1B] = RAW  # GPS
    exif.get_ifd(0x8769)[0xA431] = MARK  # the camera's number
    return exif


def _jpeg_with(segments: bytes, **options: Any) -> bytes:
    data = encode(photo(90, 60), "JPEG", **options)
    return data[:2] + segments + data[2:]


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body


def _profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile + RAW


def _png_text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", MARK)
    info.add_itxt("XML:com.adobe.xmp", MARK)
    return info


def _marked() -> dict[str, bytes]:
    xmp = f"<x:xmpmeta>{MARK}</x:xmpmeta>".encode()
    thumbnail = encode(photo(40, 30), "JPEG", comment=MARK)
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(RAW)) + RAW
    clear = photo(90, 60).convert("RGBA")
    clear.putalpha(200)
    return {
        "exif.jpg": encode(photo(90, 60), "JPEG", exif=_exif()),
        "turned.jpg": encode(photo(90, 60), "JPEG", exif=_exif(6)),
        "xmp.jpg": _jpeg_with(_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)),
        "iptc.jpg": _jpeg_with(_segment(0xED, iptc)),
        "mpf.jpg": _jpeg_with(_segment(0xE2, b"MPF\0" + RAW)),
        "comment.jpg": encode(photo(90, 60), "JPEG", comment=MARK),
        "thumb.jpg": _jpeg_with(_segment(0xE0, b"JFXX\0\x10" + thumbnail)),
        "icc.jpg": encode(photo(90, 60), "JPEG", icc_profile=_profile()),
        "after.jpg": encode(photo(90, 60), "JPEG") + RAW,
        "large.jpg": encode(photo(900, 700), "JPEG", quality=95, exif=_exif(), comment=MARK),
        "exif.png": encode(photo(90, 60), "PNG", exif=_exif(), pnginfo=_png_text()),
        "icc.png": encode(clear, "PNG", icc_profile=_profile()),
        "large.png": encode(photo(700, 700), "PNG", exif=_exif(), pnginfo=_png_text()),
        "exif.webp": encode(photo(90, 60), "WEBP", exif=_exif(), xmp=xmp),
        "exif.avif": encode(photo(90, 60), "AVIF", exif=_exif(), xmp=xmp),
        "exif.heic": encode(photo(90, 60), "HEIF", exif=_exif().tobytes(), xmp=xmp),
        "moving.gif": moving(comment=RAW),
        "still.gif": encode(halves(), "GIF", comment=RAW),
        "after.bmp": encode(photo(90, 60), "BMP") + RAW,
        "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--'
        + RAW
        + b"--><metadata>"
        + RAW
        + b"</metadata></svg>",
    }


async def test_053_no_metadata_reaches_wechat_on_any_way(pool: WorkerPool) -> None:
    rig, files = Rig(pool), _marked()
    unmarked = [name for name, data in files.items() if RAW not in data and "png" not in name]
    assert unmarked == []
    text = " ".join(f"![]({name})" for name in files)
    for cover in ("exif.jpg", "moving.gif", "large.png"):
        built = await rig.builder.build("main", article(text, cover=cover), files)
        assert {image.status for image in built.images} <= {"uploaded", "reused"}
    actions = {image.action for image in built.images}
    gate = ImageWorkers(pool)
    kept = [(await gate.fit(data, "x", MATERIAL)).data for data in files.values()]
    sent = [data for _, _, data in rig.call.uploads]
    assert len(sent) == len(files) + 3
    for data in (*sent, *kept):
        for mark in (RAW, MARK.encode("utf-16-le"), MARK.encode("utf-16-be"), b"sRGB built-in"):
            assert mark not in data
        for segment in (b"Exif\0\0", b"ICC_PROFILE", b"eXIf", b"iCCP", b"iTXt", b"tEXt", b"8BIM"):
            assert segment not in data
    assert actions == {"none"}  # of the third article: all had been brought by the first


RED, BLUE = (200, 30, 30), (30, 30, 200)
# Where the red left half of the fixture is, once it is upright: a point of it.
RED_AT = {
    1: (5, 5),
    2: (75, 5),
    3: (75, 5),
    4: (5, 5),
    5: (5, 5),
    6: (5, 5),
    7: (5, 75),
    8: (5, 75),
}


def _near(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_054_pixels_are_turned_and_the_tag_is_gone(
    pool: WorkerPool, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    fitted = await ImageWorkers(pool).fit(encode(halves(), kind, exif=exif), "x")
    with Image.open(BytesIO(fitted.data)) as image:
        assert image.getexif() == {}
        assert image.size == ((60, 80) if orientation >= 5 else (80, 60))
        assert _near(image.convert("RGB").getpixel(RED_AT[orientation]), RED)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
async def test_054_nonsense_is_upright(pool: WorkerPool, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "WEBP"):
        fitted = await ImageWorkers(pool).fit(encode(halves(), kind, exif=exif), "x")
        with Image.open(BytesIO(fitted.data)) as image:
            assert image.size == (80, 60)
            assert _near(image.convert("RGB").getpixel((5, 5)), RED)


async def test_054_the_thumbnails_own_orientation_does_not_count(pool: WorkerPool) -> None:
    # IFD0 without an entry, then IFD1 with orientation 6.
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    tiff = b"II*\0\x08\0\0\0" + b"\0\0" + struct.pack("<I", 14) + b"\1\0" + entry + b"\0\0\0\0"
    data = encode(halves(), "JPEG", exif=b"Exif\0\0" + tiff)
    fitted = await ImageWorkers(pool).fit(data, "x")
    with Image.open(BytesIO(fitted.data)) as image:
        assert image.size == (80, 60)


PAYLOADS = [b"<script>alert(1)</script>", b"PK\x03\x04" + b"A" * 40, b"<?php system($_GET[0]);?>"]


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_055_polyglots_lose_what_is_no_picture(pool: WorkerPool, payload: bytes) -> None:
    png, gif = encode(halves(), "PNG"), moving(comment=payload)
    files = [
        png + payload,
        png[:33] + chunk(b"tEXt", b"Comment\0" + payload) + png[33:],
        encode(photo(60, 60), "JPEG", comment=payload),
        encode(photo(60, 60), "JPEG") + payload,
        gif,
        gif + payload,
        encode(photo(60, 60), "BMP") + payload,
        encode(photo(60, 60), "WEBP") + payload,
    ]
    gate = ImageWorkers(pool)
    for data in files:
        assert payload in data
        for target in (ARTICLE, MATERIAL):
            assert payload not in (await gate.fit(data, "x", target)).data


async def test_055_other_kinds_are_refused_by_name(pool: WorkerPool) -> None:
    kinds = {
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9": "EPS",
        b"%PDF-1.7": "PDF",
        b"8BPS\0\1": "PSD",
        encode(halves(), "TIFF"): "TIFF",
        encode(halves(), "ICO"): "ICO",
        b"SIMPLE  =                    T": "FITS",
        b"<html><body><img></body></html>": "HTML",
    }
    for data, kind in kinds.items():
        with pytest.raises(errors.ImageTypeUnsupported, match=kind):
            await ImageWorkers(pool).fit(data, "x")


@pytest.mark.parametrize("kind", ["WEBP", "HEIF", "AVIF", "GIF", "BMP", "PNG"])
async def test_056_the_bytes_say_what_a_file_is_and_not_its_name(
    pool: WorkerPool, kind: str
) -> None:
    rig = Rig(pool)
    files = {"photo.jpg": encode(photo(60, 60), kind)}
    await rig.builder.build("main", article("![](photo.jpg)"), files)
    for _, _, data in rig.call.uploads:
        assert data.startswith((b"\xff\xd8\xff", b"\x89PNG"))
