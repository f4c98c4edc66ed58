from collections.abc import Mapping
from typing import Any, NamedTuple

from wechat.call import BadAnswer, Call, Upload

UPLOADIMG = "/cgi-bin/media/uploadimg"
ADD_MATERIAL = "/cgi-bin/material/add_material"


class Material(NamedTuple):
    """A picture in the library."""

    media_id: str
    url: str  # https, on WeChat's host; articles may show it


class MaterialClient:
    """Pictures at WeChat. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def uploadimg(self, account: str, upload: Upload) -> str:
        """Upload an article image (jpg/png <1 MB); returns its https URL on WeChat's host."""
        answer = await self._call.upload(account, UPLOADIMG, upload)
        return _https_url(answer, UPLOADIMG)

    async def add_image(self, account: str, upload: Upload) -> Material:
        """Add a permanent image (≤10 MB, jpg/png/gif/bmp) to the library."""
        answer = await self._call.upload(account, ADD_MATERIAL, upload, query={"type": "image"})
        return Material(_media_id(answer), _https_url(answer, ADD_MATERIAL))

    async def add_thumb(self, account: str, upload: Upload) -> str:
        """Add a permanent thumb (≤64 KB, jpg) to the library; returns its media_id."""
        answer = await self._call.upload(account, ADD_MATERIAL, upload, query={"type": "thumb"})
        return _media_id(answer)


def _media_id(answer: Mapping[str, Any]) -> str:
    media_id = answer.get("media_id")
    if not isinstance(media_id, str) or not media_id:
        raise BadAnswer(reason="add_material gave no media_id")
    return media_id


def _https_url(answer: Mapping[str, Any], path: str) -> str:
    url = answer.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise BadAnswer(reason=f"{path.rpartition('/')[2]} gave no url")
    # WeChat often says http; the same picture is served over https.
    return "https://" + url.split("://", 1)[1]
