import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote_to_bytes

from content.pictures.errors import ImageInvalid
from content.pictures.source import find_file, judge_source, shown
from fetch.client import Fetched, Room


class ImageFetcher(Protocol):
    """Fetches a picture from a host that nobody trusts; `fetch.client.Fetcher`."""

    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        """The picture at `url`; takes `room` before it reads it."""
        ...


async def load_picture(
    src: str,
    files: Mapping[str, bytes],
    fetcher: ImageFetcher,
    *,
    field: str,
    room: Room | None = None,
) -> bytes:
    """The bytes behind `src`: a file sent along, a data: URI, or a URL.

    Raises ImageSourceForbidden, ImageFileMissing, ImageInvalid, and as `fetcher` does.
    """
    kind = judge_source(src, field=field)
    if kind == "file":
        return find_file(src, files, field=field)
    if kind == "data":
        return await asyncio.to_thread(_decode_data, src, field)  # 80 ms when all is %-escaped
    return (await fetcher.fetch_image(src, room)).data


def _decode_data(src: str, field: str) -> bytes:
    head, _, body = src.partition(",")
    data = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return data
    try:
        return base64.b64decode(data, validate=False)
    except binascii.Error:
        raise ImageInvalid(field=field, picture=shown(src)) from None
