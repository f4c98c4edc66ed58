import io
from typing import Any

import httpx
from PIL import Image

from sandbox.server import RunningSandbox
from sandbox.settings import VERIFIED, SandboxAccount


def png(width: int = 2, height: int = 2, colour: str = "red") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def jpeg(width: int = 2, height: int = 2) -> bytes:
    """The same as JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "blue").save(out, "JPEG")
    return out.getvalue()


class Caller:
    """Calls a running sandbox as a tool calls WeChat."""

    def __init__(
        self, sandbox: RunningSandbox, http: httpx.AsyncClient, account: SandboxAccount = VERIFIED
    ) -> None:
        self.sandbox = sandbox
        self.http = http
        self.account = account
        self._token = ""

    def as_account(self, account: SandboxAccount) -> "Caller":
        return Caller(self.sandbox, self.http, account)

    def login(self, **changes: object) -> dict[str, object]:
        """The fields of a token call."""
        fields: dict[str, object] = {
            "grant_type": "client_credential",
            "appid": self.account.app_id,
            "secret": self.account.app_secret,
        }
        return {name: value for name, value in (fields | changes).items() if value is not None}

    async def stable(self, **changes: object) -> dict[str, Any]:
        answer = await self.http.post("/cgi-bin/stable_token", json=self.login(**changes))
        return dict(answer.json())

    async def classic(self, **changes: object) -> dict[str, Any]:
        query = {name: str(value) for name, value in self.login(**changes).items()}
        return dict((await self.http.get("/cgi-bin/token", params=query)).json())

    async def query(self, query: dict[str, str]) -> dict[str, str]:
        if not self._token:
            self._token = (await self.stable())["access_token"]
        return {"access_token": self._token} | query

    async def post(self, path: str, body: dict[str, Any] | bytes, **query: str) -> dict[str, Any]:
        params = await self.query(query)
        if isinstance(body, bytes):
            answer = await self.http.post(path, content=body, params=params)
        else:
            answer = await self.http.post(path, json=body, params=params)
        assert answer.status_code == 200, answer.status_code
        return dict(answer.json())

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = await self.http.get(path, params=await self.query(query))
        assert answer.status_code == 200, answer.status_code
        return dict(answer.json())

    async def upload(
        self,
        path: str,
        data: bytes,
        *,
        filename: str = "a.png",
        content_type: str = "image/png",
        fields: dict[str, str] | None = None,
        **query: str,
    ) -> dict[str, Any]:
        files = {"media": (filename, data, content_type)}
        params = await self.query(query)
        answer = await self.http.post(path, files=files, data=fields, params=params)
        assert answer.status_code == 200, answer.status_code
        return dict(answer.json())

    async def image(self) -> str:
        """The URL of a new article image."""
        return str((await self.upload("/cgi-bin/media/uploadimg", png()))["url"])

    async def thumb(self) -> str:
        """The media_id of a new permanent image."""
        added = await self.upload("/cgi-bin/material/add_material", png(), type="image")
        return str(added["media_id"])

    async def article(self, **changes: Any) -> dict[str, Any]:
        """An article that WeChat takes; a field changed to None is left out."""
        fields: dict[str, Any] = {"title": "标题", "content": "<p>正文</p>"}
        if "thumb_media_id" not in changes:
            fields["thumb_media_id"] = await self.thumb()
        return {name: value for name, value in (fields | changes).items() if value is not None}

    async def add(self, **changes: Any) -> dict[str, Any]:
        """The answer of draft/add for one article."""
        body = {"articles": [await self.article(**changes)]}
        return await self.post("/cgi-bin/draft/add", body)

    async def draft(self, **changes: Any) -> str:
        """The media_id of a new draft."""
        return str((await self.add(**changes))["media_id"])

    async def read(self, media_id: str) -> dict[str, Any]:
        """A draft's first article as WeChat gives it back."""
        draft = await self.post("/cgi-bin/draft/get", {"media_id": media_id})
        return dict(draft["news_item"][0])

    async def submit(self, media_id: str) -> str:
        """Submit a draft; returns its publish_id."""
        answer = await self.post("/cgi-bin/freepublish/submit", {"media_id": media_id})
        assert answer["errcode"] == 0, answer
        return str(answer["publish_id"])

    async def status(self, publish_id: str) -> dict[str, Any]:
        return await self.post("/cgi-bin/freepublish/get", {"publish_id": publish_id})

    async def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(f"/sandbox/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def advance(self, seconds: float) -> None:
        await self.control("clock", {"advance_s": seconds})
