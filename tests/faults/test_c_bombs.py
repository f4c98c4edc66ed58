"""Pictures that are made to keep a decoder busy, or to break it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zlib import compress

import psutil  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from content.pictures import errors
from content.pictures.codec import encode_anew
from content.pictures.gate import ImageWorkers
from content.pictures.gif import MAX_FRAMES
from content.pictures.passing import fit
from content.pictures.target import COVER, DEFAULT_OPTIONS
from content.workers import WorkerLimits, WorkerPool
from core.errors import GatewayError
from fetch.sniff import sniff_image
from tests.content.conftest import encode, halves, moving, photo
from tests.content.pictures.test_png import chunk
from tests.content.rig import Rig, article


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    made = WorkerPool(WorkerLimits(), size=1)
    yield made
    await made.aclose()


@pytest.fixture
def gate(pool: WorkerPool) -> ImageWorkers:
    return ImageWorkers(pool)


def _png(width: int, height: int) -> bytes:
    size = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\0\0\0"
    body = chunk(b"IHDR", size) + chunk(b"IDAT", compress(b"\0" * 60)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _bmp(width: int, height: int) -> bytes:
    data = bytearray(encode(halves(), "BMP"))
    data[18:26] = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return bytes(data)


SIZES = [(20_000, 20_000), (89_000_000, 1), (13_000, 13_000), (8_001, 5_000), (16_385, 1)]


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_048_too_many_pixels_are_refused_by_the_header(
    gate: ImageWorkers, pool: WorkerPool, width: int, height: int
) -> None:
    with pytest.raises(errors.ImageTooManyPixels):
        await gate.fit(_png(width, height), "x")
    assert pool.pids == []  # nothing was there to decode it
    with pytest.raises(errors.ImageTooManyPixels):
        await gate.fit(_bmp(width, height), "x")


async def test_049_repeated_scans_are_counted_and_not_decoded(gate: ImageWorkers) -> None:
    data = encode(photo(64, 64), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(errors.ImageTooComplex):
        await gate.fit(data[:-2] + scan * 300 + data[-2:], "x")


async def test_049_what_takes_longer_than_it_may_ends_with_its_process() -> None:
    pool = WorkerPool(WorkerLimits(cpu_s=0.05), size=1)
    with pytest.raises(errors.ImageTooComplex):
        await ImageWorkers(pool).fit(encode(photo(2_000, 2_000), "WEBP"), "x")
    await pool.aclose()


async def test_050_of_endless_animations_one_frame_is_looked_at_or_none(
    gate: ImageWorkers,
) -> None:
    still = encode(halves(), "GIF")
    frame = still[still.index(b"\x2c\0\0\0\0") : -1]
    with pytest.raises(errors.ImageTooComplex):
        await gate.fit(still[:-1] + frame * 20_000 + b"\x3b", "x")
    # As many as may be, of 16 million pixels each: not decoded, but for the first.
    large = bytearray(still[:-1] + frame * (MAX_FRAMES - 1) + b"\x3b")
    large[6:10] = b"\0\x10\0\x10"
    fitted = await gate.fit(bytes(large) + b"\0" * 10_000_000, "x")
    assert (fitted.content_type, fitted.action) == ("image/gif", "passed")
    for kind in ("WEBP", "AVIF", "PNG"):
        frames = [photo(40, 30, seed=seed) for seed in range(200)]
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
        assert (await gate.fit(data, "x")).action == "still"


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
async def test_051_bombs_of_text_are_cut_off_or_refused(gate: ImageWorkers, name: bytes) -> None:
    packed = compress(b"a" * 200_000_000)
    head = {b"iTXt": b"a\0\1\0\0\0"}.get(name, b"a\0\0")
    bomb = chunk(name, head + packed)
    good = encode(photo(60, 60), "PNG")
    large = encode(photo(700, 700), "PNG")  # this one has to be decoded
    for data in (good, large):
        with suppress(errors.ImageInvalid):
            fitted = await gate.fit(data[:33] + bomb + data[33:], "x")
            assert len(fitted.data) < 1_000_000
            assert name not in fitted.data


async def test_052_a_decoder_that_crashes_takes_one_picture_with_it(
    gate: ImageWorkers, pool: WorkerPool
) -> None:
    await gate.fit(encode(halves(), "WEBP"), "x")
    for end in (signal.SIGSEGV, signal.SIGABRT, signal.SIGILL):
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        task = asyncio.ensure_future(gate.fit(encode(photo(300, 300), "WEBP"), "crash"))
        await asyncio.sleep(0.05)
        os.kill(pid, end)
        os.kill(pid, signal.SIGCONT)
        with pytest.raises(errors.ImageInvalid, match="crash"):
            await task
        assert (await gate.fit(encode(halves(), "WEBP"), "x")).action == "converted"


SEEDS = [
    *(
        encode(photo(24, 24), kind)
        for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIF")
    ),
    encode(photo(24, 24), "JPEG", progressive=True),
    encode(photo(24, 24).quantize(16), "PNG", transparency=0),
    encode(photo(24, 24).convert("CMYK"), "JPEG"),
    moving(3, size=(24, 16)),
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>',
]


@settings(max_examples=2_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(SEEDS),
    cut=st.integers(0, 4_000),
    flips=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=6),
)
def test_057_damaged_files_are_pictures_or_422(
    seed: bytes, cut: int, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(seed)
    for at, value in flips:
        data[at % len(data)] = value
    hostile = bytes(data[: len(data) - cut % len(data)]) if cut % 3 else bytes(data)
    content_type = sniff_image(hostile)
    if content_type is None:
        return
    arguments = {
        "target": "article",
        "options": [85, 0],
        "picture": "x",
        "content_type": content_type,
    }
    try:
        _, fitted = fit(arguments, hostile)
        if fitted == hostile:  # it passed; a decoder has to survive it too
            encode_anew(hostile, content_type, COVER, DEFAULT_OPTIONS, "x")
    except GatewayError as error:
        assert error.status == 422  # noqa: PT017 - either outcome is right
    else:
        assert sniff_image(fitted) is not None


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM" + b"\0" * 8])
async def test_057_next_to_nothing_is_a_422(gate: ImageWorkers, data: bytes) -> None:
    with pytest.raises(GatewayError) as refused:
        await gate.fit(data, "x")
    assert refused.value.status == 422


async def test_061_what_would_only_be_warned_about_is_refused(gate: ImageWorkers) -> None:
    # Pillow warns above 89 million pixels and refuses above 179 million; we refuse above 40.
    for width, height in ((6_400, 6_400), (10_000, 9_500), (14_000, 14_000)):
        with pytest.raises(errors.ImageTooManyPixels):
            await gate.fit(_bmp(width, height), "x")


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
async def test_062_pictures_are_never_spooled_so_no_disk_can_be_full(
    gate: ImageWorkers, pool: WorkerPool
) -> None:
    await gate.fit(encode(halves(), "WEBP"), "x")
    (pid,) = pool.pids
    psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (0, 0))  # not a byte may be written
    fitted = await gate.fit(encode(photo(1_000, 1_000), "PNG"), "x")
    assert fitted.action == "converted"
    assert pool.pids == [pid]
    files = {Path(opened.path) for opened in psutil.Process(pid).open_files()}
    assert not [path for path in files if "tmp" in path.parts]


async def test_063_forty_large_pictures_at_once_wait_for_their_turn() -> None:
    pool = WorkerPool(WorkerLimits(), size=2)
    data = encode(photo(900, 700), "JPEG", quality=95)
    rig = Rig(pool, memory_bytes=4 * len(data))
    files = {f"{number}.jpg": data + number.to_bytes(2) for number in range(40)}
    rig.hosts.pictures.update({f"https://a.com/{name}": data for name, data in files.items()})
    text = " ".join(f"![](https://a.com/{name})" for name in files)
    task = asyncio.ensure_future(rig.builder.build("main", article(text), {}))
    most = 0
    while not task.done():
        most = max(most, len(pool.pids))
        await asyncio.sleep(0.02)
    built = await task
    assert [image.status for image in built.images] == ["uploaded"] * 40
    assert most <= 2
    assert rig.hosts.most_at_once <= 4  # no more were held than the memory allows
    await pool.aclose()


async def test_063_the_largest_that_is_taken_fits_into_a_worker() -> None:
    pool = WorkerPool(WorkerLimits(memory_mb=512, cpu_s=30), size=1)
    image = Image.effect_noise((7_300, 5_475), 30)  # 40 megapixels
    fitted = await ImageWorkers(pool).fit(encode(image, "JPEG", quality=70), "x")
    assert fitted.action == "shrunk"
    with Image.open(BytesIO(fitted.data)) as made:
        assert made.width >= 1_280
    await pool.aclose()
