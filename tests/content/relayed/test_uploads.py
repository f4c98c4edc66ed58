import pytest

from content.pictures.errors import ImageTypeUnsupported
from content.pictures.gate import ImageWorkers
from content.pictures.target import COVER, DEFAULT_OPTIONS, MATERIAL, TEMPORARY, THUMB
from content.relayed.uploads import UploadCare
from content.workers import WorkerPool
from tests.content.conftest import encode, halves, moving, photo


@pytest.fixture
def care(pool: WorkerPool) -> UploadCare:
    return UploadCare(ImageWorkers(pool), DEFAULT_OPTIONS)


async def test_what_the_call_takes_is_not_touched(care: UploadCare) -> None:
    assert await care.fit(encode(halves(), "PNG"), "png", COVER) is None
    assert await care.fit(encode(halves(), "BMP"), "png", MATERIAL) is None
    assert await care.fit(moving(), "png", MATERIAL) is None


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "AVIF", "GIF"])
async def test_what_it_does_not_take_becomes_what_it_takes(care: UploadCare, kind: str) -> None:
    fitted = await care.fit(encode(halves(), kind), "png", COVER)
    assert fitted is not None
    assert fitted.content_type in COVER.types


async def test_what_is_too_large_is_made_smaller(care: UploadCare) -> None:
    source = encode(photo(800, 600), "PNG")
    assert len(source) > COVER.max_bytes
    fitted = await care.fit(source, "png", COVER)
    assert fitted is not None
    assert len(fitted.data) <= COVER.max_bytes


async def test_a_temporary_picture_has_limits_of_its_own(care: UploadCare) -> None:
    assert await care.fit(moving(), "gif", TEMPORARY) is None
    fitted = await care.fit(encode(halves(), "BMP"), "bmp", TEMPORARY)
    assert fitted is not None
    assert fitted.content_type in TEMPORARY.types


@pytest.mark.parametrize("extension", ["", "webp", "bin"])
async def test_a_wrong_name_is_mended_and_no_byte_of_the_picture(
    care: UploadCare, extension: str
) -> None:
    source = encode(halves(), "PNG")
    fitted = await care.fit(source, extension, COVER)
    assert fitted is not None
    assert (fitted.data, fitted.filename, fitted.content_type) == (source, "image.png", "image/png")


async def test_a_thumb_is_a_small_jpeg(care: UploadCare) -> None:
    fitted = await care.fit(encode(halves(), "PNG"), "png", THUMB)
    assert fitted is not None
    assert (fitted.content_type, len(fitted.data) <= THUMB.max_bytes) == ("image/jpeg", True)


async def test_what_is_no_picture_is_refused(care: UploadCare) -> None:
    with pytest.raises(ImageTypeUnsupported):
        await care.fit(b"no picture", "png", COVER)
