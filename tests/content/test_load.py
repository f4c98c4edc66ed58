import base64

import pytest

from content.load import load_picture
from content.pictures.errors import ImageFileMissing, ImageInvalid, ImageSourceForbidden
from fetch.client import Fetched, Room


class _Fetcher:
    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        return Fetched(url.encode(), "image/png")


async def _load(src: str) -> bytes:
    return await load_picture(src, {"图/a.png": b"file"}, _Fetcher(), field="cover")


async def test_each_kind_of_source_is_loaded() -> None:
    encoded = base64.b64encode(b"\xfb\xff data").decode()
    assert await _load("https://a.com/x.png?y=1") == b"https://a.com/x.png?y=1"
    assert await _load("./图/a.png") == b"file"
    assert await _load(f"data:image/png;base64,{encoded}") == b"\xfb\xff data"
    assert await _load(f"data:image/png;base64,{encoded.replace('+', '%2B')}") == b"\xfb\xff data"
    assert await _load("data:image/svg+xml;charset=utf-8,%3Csvg/%3E") == b"<svg/>"


async def test_what_cannot_be_loaded_is_refused() -> None:
    with pytest.raises(ImageFileMissing):
        await _load("b.png")
    with pytest.raises(ImageInvalid):
        await _load("data:image/png;base64,A")
    with pytest.raises(ImageSourceForbidden):
        await _load("/etc/passwd")
