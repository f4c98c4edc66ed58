import pytest

from content.pictures.errors import ImageTypeUnsupported
from content.pictures.gate import ImageWorkers
from content.pictures.target import COVER, DEFAULT_OPTIONS, MATERIAL, THUMB
from content.relayed.uploads import UploadCare
from content.workers import WorkerPool
from tests.content.conftest import encode, halves, moving, photo


@pytest.fixture
def care(pool: WorkerPool) -> UploadCare:
    return UploadCare(ImageWorkers(pool), DEFAULT_OPTIONS)


async def test_what_the_call_takes_is_not_touched(care: UploadCare) -> None:
    assert await care.fit(encode(halves(), "PNG"), COVER) is None
    assert await care.fit(encode(halves(), "BMP"), MATERIAL) is None
    assert await care.fit(moving(), MATERIAL) is None


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "AVIF", "GIF"])
async def test_what_it_does_not_take_becomes_what_it_takes(care: UploadCare, kind: str) -> None:
    fitted = await care.fit(encode(halves(), kind), COVER)
    assert fitted is not None
    assert fitted.content_type in COVER.types


async def test_what_is_too_large_is_made_smaller(care: UploadCare) -> None:
    source = encode(photo(800, 600), "PNG")
    assert len(source) > COVER.max_bytes
    fitted = await care.fit(source, COVER)
    assert fitted is not None
    assert len(fitted.data) <= COVER.max_bytes


async def test_a_thumb_is_a_small_jpeg(care: UploadCare) -> None:
    fitted = await care.fit(encode(halves(), "PNG"), THUMB)
    assert fitted is not None
    assert (fitted.content_type, len(fitted.data) <= THUMB.max_bytes) == ("image/jpeg", True)


async def test_what_is_no_picture_is_refused(care: UploadCare) -> None:
    with pytest.raises(ImageTypeUnsupported):
        await care.fit(b"no picture", COVER)
