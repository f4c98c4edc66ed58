from wechat.call import BadAnswer, Call, Upload

UPLOADIMG = "/cgi-bin/media/uploadimg"
ADD_MATERIAL = "/cgi-bin/material/add_material"


class MaterialClient:
    """Pictures at WeChat. Raises as `Call` does."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def uploadimg(self, account: str, upload: Upload) -> str:
        """Upload an article image (jpg/png <1 MB); returns its https URL on WeChat's host."""
        answer = await self._call.upload(account, UPLOADIMG, upload)
        url = answer.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise BadAnswer(reason="uploadimg gave no url")
        # WeChat often says http; the same picture is served over https.
        return "https://" + url.split("://", 1)[1]

    async def add_image(self, account: str, upload: Upload) -> str:
        """Add a permanent image (≤10 MB) to the library; returns its media_id."""
        answer = await self._call.upload(account, ADD_MATERIAL, upload, query={"type": "image"})
        media_id = answer.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise BadAnswer(reason="add_material gave no media_id")
        return media_id
