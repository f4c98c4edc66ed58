from zlib import crc32

import pytest

from content.pictures import errors
from content.pictures.gate import ImageWorkers
from content.pictures.target import ARTICLE, MATERIAL, THUMB, PictureOptions
from content.workers import WorkerLimits, WorkerPool
from tests.content.conftest import encode, halves, moving, photo


async def test_what_fits_passes_without_a_process(pool: WorkerPool) -> None:
    gate = ImageWorkers(pool)
    for kind, content_type in (("PNG", "image/png"), ("JPEG", "image/jpeg")):
        data = encode(photo(60, 60), kind)
        fitted = await gate.fit(data, "x")
        assert (fitted.data, fitted.content_type, fitted.action) == (data, content_type, "passed")
    assert pool.pids == []
    narrow = await gate.fit(encode(photo(60, 60), "JPEG"), "x", ARTICLE, PictureOptions(85, 30))
    assert narrow.action == "shrunk"


async def test_what_does_not_fit_is_encoded_in_a_process(pool: WorkerPool) -> None:
    gate = ImageWorkers(pool)
    webp = await gate.fit(encode(photo(60, 60), "WEBP"), "x")
    assert (webp.content_type, webp.action, webp.filename) == (
        "image/jpeg",
        "converted",
        "image.jpg",
    )
    big = encode(photo(1_000, 1_000), "PNG")
    shrunk = await gate.fit(big, "x")
    assert len(shrunk.data) < 1_000_000 < len(big)
    assert len(pool.pids) == 1


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<svg/>", errors.ImageInvalid),
        (b"", errors.ImageTypeUnsupported),
        (b"II*\0", errors.ImageTypeUnsupported),
        (encode(halves(), "PNG")[:80], errors.ImageInvalid),
        (encode(photo(90, 90), "JPEG")[:900], errors.ImageInvalid),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\xff" * 50, errors.ImageInvalid),
        (b"GIF89a" + b"\xff" * 50, errors.ImageInvalid),
    ],
)
async def test_broken_pictures_are_clear_refusals(
    pool: WorkerPool, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"pic\.png"):
        await ImageWorkers(pool).fit(data, "pic.png")


async def test_too_many_pixels_are_seen_without_a_process(pool: WorkerPool) -> None:
    data = bytearray(encode(photo(8, 8), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(errors.ImageTooManyPixels):
        await ImageWorkers(pool).fit(bytes(data), "x")
    assert pool.pids == []


async def test_repeated_scans_are_too_complex(pool: WorkerPool) -> None:
    data = encode(photo(64, 64), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(errors.ImageTooComplex):
        await ImageWorkers(pool).fit(data[:-2] + scan * 300 + data[-2:], "x")


async def test_more_work_than_a_picture_needs_is_too_complex() -> None:
    pool = WorkerPool(WorkerLimits(cpu_s=0.05), size=1)
    with pytest.raises(errors.ImageTooComplex):
        await ImageWorkers(pool).fit(encode(photo(2_000, 2_000), "WEBP"), "x")
    await pool.aclose()


async def test_twelve_megapixels_fit_into_the_memory_of_a_worker() -> None:
    pool = WorkerPool(WorkerLimits(memory_mb=400), size=1)
    rows = photo(500, 375).resize((4_000, 3_000))
    for kind in ("JPEG", "WEBP", "PNG"):
        options = {"compress_level": 1} if kind == "PNG" else {"quality": 95}
        fitted = await ImageWorkers(pool).fit(encode(rows, kind, **options), "x")
        assert fitted.action == "shrunk"
    await pool.aclose()


async def test_a_cover_is_drawn(pool: WorkerPool) -> None:
    cover = await ImageWorkers(pool).plain_cover("题")
    assert cover.content_type == "image/jpeg"
    assert cover.data.startswith(b"\xff\xd8")


async def test_what_is_long_to_look_at_is_looked_at_in_a_process(pool: WorkerPool) -> None:
    gate = ImageWorkers(pool)
    long = encode(photo(400, 300), "PNG")
    assert 262_144 < len(long) < 1_000_000
    fitted = await gate.fit(long, "x")
    assert (fitted.data, fitted.action) == (long, "passed")
    assert len(pool.pids) == 1
    chunk = b"\0\0\0\0prVt" + crc32(b"prVt").to_bytes(4)
    with pytest.raises(errors.ImageTooComplex, match="x"):
        await gate.fit(long[:33] + chunk * 20_000 + long[33:], "x")


async def test_a_gif_that_moves_keeps_moving_where_wechat_takes_it(pool: WorkerPool) -> None:
    gate = ImageWorkers(pool)
    data = moving()
    for target in (ARTICLE, MATERIAL):
        fitted = await gate.fit(data, "x", target)
        assert (fitted.filename, fitted.action) == ("image.gif", "passed")
    thumb = await gate.fit(data, "x", THUMB)
    assert (thumb.filename, thumb.action) == ("image.jpg", "still")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "EPS"),
        (b"8BPS\0\1", "PSD"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\1\0\1\0", "ICO"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"<html><svg></svg></html>", "HTML"),
        (b"?", "unknown"),
    ],
)
async def test_other_kinds_are_refused_by_name(pool: WorkerPool, data: bytes, kind: str) -> None:
    with pytest.raises(errors.ImageTypeUnsupported, match=kind):
        await ImageWorkers(pool).fit(data, "x")
    assert pool.pids == []
