"""An ArticleBuilder between hosts and a WeChat that tests script."""

import asyncio
from typing import Any

from content.article import ArticleFields
from content.build import ArticleBuilder
from content.memory import PictureBounds
from content.pictures.gate import ImageWorkers
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from core.errors import GatewayError
from fetch.client import Fetched, Room
from tests.content.conftest import FakeCall, MemoryUploads, encode, halves, photo
from wechat.material import MaterialClient

PNG = encode(halves(), "PNG")
JPEG = encode(photo(64, 64), "JPEG")
WEBP = encode(photo(64, 64, seed=2), "WEBP", lossless=True)


def article(markdown: str, **given: Any) -> ArticleFields:
    """An article that has a title."""
    return ArticleFields.model_validate({"title": "题", "markdown": markdown, **given})


class FakeHosts:
    """A Fetcher whose hosts answer from a dict; knows how many fetches ran at once."""

    def __init__(self) -> None:
        self.pictures: dict[str, bytes | GatewayError] = {}
        self.fetched: list[str] = []
        self.most_at_once = 0
        self._now = 0

    async def fetch_image(self, url: str, room: Room | None = None) -> Fetched:
        picture = self.pictures[url]
        if room is not None and isinstance(picture, bytes):
            await room.take(len(picture))
        self.fetched.append(url)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(0.01)
        self._now -= 1
        if isinstance(picture, GatewayError):
            raise picture
        return Fetched(picture, "image/png")


class Rig:
    def __init__(self, pool: WorkerPool, *, memory_bytes: int = 96_000_000) -> None:
        self.hosts = FakeHosts()
        self.call = FakeCall()
        self.builder = ArticleBuilder(
            Renderer(pool, ContentSettings()),
            self.hosts,
            MaterialClient(self.call),
            MemoryUploads(),
            ImageWorkers(pool),
            bounds=PictureBounds(memory_bytes=memory_bytes),
        )
