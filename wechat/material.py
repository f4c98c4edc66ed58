from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from wechat.call import BadAnswer, Call, Upload, WeChatRefused
from wechat.errcodes import INVALID_MEDIA_ID
from wechat.listing import Page, read_page

UPLOADIMG = "/cgi-bin/media/uploadimg"
UPLOAD = "/cgi-bin/media/upload"
ADD_MATERIAL = "/cgi-bin/material/add_material"
GET_MATERIAL = "/cgi-bin/material/get_material"
DEL_MATERIAL = "/cgi-bin/material/del_material"
COUNT = "/cgi-bin/material/get_materialcount"
BATCHGET = "/cgi-bin/material/batchget_material"

# Thumbs are no listable type (doc page batchgetmaterial, read 2026-11).
MaterialType = Literal["image", "voice", "video", "news"]
MATERIAL_TYPES: tuple[MaterialType, ...] = ("image", "voice", "video", "news")


class Material(NamedTuple):
    """A picture in the library."""

    media_id: str
    url: str  # https, on WeChat's host; articles may show it


class MaterialClient:
    """Pictures and other permanent materials at WeChat. Raises as `Call` does."""

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

    async def page(
        self, account: str, kind: MaterialType, *, offset: int = 0, count: int = 20
    ) -> Page:
        """A page of one type: `{media_id, name, update_time, url?}`, of news with `content`."""
        body = {"type": kind, "offset": offset, "count": count}
        return read_page(await self._call.post(account, BATCHGET, body))

    async def counts(self, account: str) -> dict[MaterialType, int]:
        """How many there are of each type."""
        answer = await self._call.get(account, COUNT)
        found = {kind: answer.get(f"{kind}_count") for kind in MATERIAL_TYPES}
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in found.values()):
            raise BadAnswer(reason="no counts")
        return {kind: int(n or 0) for kind, n in found.items()}

    async def describe(self, account: str, media_id: str) -> dict[str, Any]:
        """A video's `title, description, down_url`, or a news' `news_item[]`.

        Of other types WeChat answers with the bytes, which is a BadAnswer here.
        """
        return await self._call.post(account, GET_MATERIAL, {"media_id": media_id})

    async def delete(self, account: str, media_id: str) -> bool:
        """Remove a material for good; False: there is none of that id."""
        try:
            await self._call.post(account, DEL_MATERIAL, {"media_id": media_id})
        except WeChatRefused as exc:
            if exc.wechat_errcode == INVALID_MEDIA_ID:
                return False
            raise
        return True


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
