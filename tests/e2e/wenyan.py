"""Wenyan's own client, in Python: what it sends, byte for byte as it frames it.

Source: caol64/wenyan-core src/node/clientPublish.ts and wrapper.ts, 3.0.10.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.e2e.conftest import KEY, Stand

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cf"
    "c0000003010100c9fe92ef0000000049454e44ae426082"
)
HTML = (
    '<section id="wenyan" style="color: #333"><p style="margin: 1em 0">正文 <img src="{src}"></p>'
    '<p><a href="https://example.com">链接</a></p></section>'
)


class Tool:
    """Speaks as clientPublish.ts of @wenyan-md/core 3.0.10 does."""

    def __init__(self, at: Stand | str, key: str = KEY) -> None:
        """`at` a Stand, or the URL of a gateway."""
        url = at if isinstance(at, str) else at.url
        self.http = httpx.AsyncClient(
            base_url=f"{url}/wenyan",
            headers={"x-api-key": key, "x-client-version": "2.0.0"},
            trust_env=False,
            timeout=60,
        )

    async def upload(self, name: str, data: bytes, media_type: str) -> httpx.Response:
        """In chunks, without a Content-Length."""
        boundary = "----FormBoundaryabc123"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )

        async def chunks() -> AsyncIterator[bytes]:
            yield head.encode()
            for at in range(0, len(data), 65_536):
                yield data[at : at + 65_536]
            yield f"\r\n--{boundary}--\r\n".encode()

        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await self.http.post("/upload", content=chunks(), headers=headers)

    async def picture(self, name: str = "图 1.png", data: bytes = PNG) -> str:
        sent = await self.upload(name, data, "image/png")
        assert sent.status_code == 200, sent.text
        return f"asset://{sent.json()['data']['fileId']}"

    async def publish(self, target: dict[str, Any], **options: Any) -> httpx.Response:
        said = json.dumps(target, ensure_ascii=False).encode()
        sent = await self.upload("publish_target.json", said, "application/json")
        assert sent.json()["success"] is True
        asked = {
            "fileId": sent.json()["data"]["fileId"],
            "theme": "default",
            "highlight": "solarized-light",
            "macStyle": True,
            "footnote": True,
            "appId": "main",
            **options,
        }
        return await self.http.post("/publish", json=asked)

    async def article(self, title: str = "标题", **values: Any) -> dict[str, Any]:
        """An article with a picture and a cover, as it stands after their upload."""
        return {
            "content": HTML.format(src=await self.picture()),
            "title": title,
            "cover": await self.picture("cover.png"),
            "author": "作者",
            "source_url": "https://example.com/post",
            "description": "摘要",
            "need_open_comment": True,
            **values,
        }
