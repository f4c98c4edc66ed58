import random
from collections.abc import AsyncIterator, Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from content.manuscript import Manuscript
from content.pipeline import Pipeline
from content.workers import WorkerLimits, WorkerPool

if TYPE_CHECKING:
    from tests.content.rig import Rig

Render = Callable[..., dict[str, Any]]


def request(
    markdown: str | None = None, html: str | None = None, **given: object
) -> dict[str, Any]:
    """A request of Renderer to the pipeline."""
    return {
        "markdown": markdown,
        "html": html,
        "defaults": {"theme": "default", "code_theme": "default"},
        "default_options": {},
        "options": given.pop("options", {}),
        "lexicon": "",
        "keywords": False,
        "length_rule": given.pop("length_rule", "text"),
        "max_images": given.pop("max_images", 100),
        "given": given,
    }


def manuscript(html: str = "", *, is_markdown: bool = True, **fields: Any) -> Manuscript:
    made = Manuscript(text=html, is_markdown=is_markdown, fields={**fields})
    made.html = html
    return made


@pytest.fixture(scope="session")
def render() -> Render:
    """The whole pipeline, in this process."""
    pipeline = Pipeline()
    return lambda *args, **given: pipeline.run(request(*args, **given))


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    """Real worker processes."""
    made = WorkerPool(WorkerLimits(), size=1)
    yield made
    await made.aclose()


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    if kind == "HEIF":
        register_heif_opener()
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(width: int, height: int, *, seed: int = 1) -> Image.Image:
    """Noise that no encoder makes small."""
    rows = random.Random(seed).randbytes(width * height * 3)
    return Image.frombytes("RGB", (width, height), rows)


def halves(width: int = 80, height: int = 60) -> Image.Image:
    """Left red, right blue: shows how it was turned and what became of its colours."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    return image


def moving(frames: int = 3, *, size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """An animated GIF, 80 ms a frame."""
    made = [photo(*size, seed=number).quantize(64) for number in range(frames)]
    more = {"save_all": True, "append_images": made[1:], "duration": 80, "loop": 0, **options}
    return encode(made[0], "GIF", **more)


class MemoryUploads:
    """An UploadedImages that forgets with the process."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, str], str] = {}

    async def get(self, account: str, sha256: str, kind: str) -> str | None:
        return self.values.get((account, sha256, kind))

    async def put(self, account: str, sha256: str, kind: str, value: str) -> None:
        self.values[account, sha256, kind] = value

    async def forget(self, account: str, value: str) -> None:
        for key in [
            key for key, known in self.values.items() if (key[0], known) == (account, value)
        ]:
            del self.values[key]


class FakeCall:
    """A Call that takes every upload and remembers what it was sent."""

    def __init__(self) -> None:
        self.uploads: list[tuple[str, str, bytes]] = []  # account, path, data
        self.queries: list[dict[str, str]] = []  # of each upload
        self.before: Callable[[str], Any] | None = None  # awaited before an upload is taken

    async def post(
        self, account: str, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        raise AssertionError(path)

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        raise AssertionError(path)

    async def upload(
        self, account: str, path: str, upload: Any, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        if self.before is not None:
            await self.before(path)
        self.uploads.append((account, path, upload.data))
        self.queries.append(dict(query))
        number = len(self.uploads)
        if path.endswith("uploadimg"):
            return {"url": f"http://mmbiz.qpic.cn/{number}/0?wx_fmt=png&x=1"}
        return {"media_id": f"MEDIA-{number}", "url": "http://mmbiz.qpic.cn/m"}

    def paths(self) -> list[str]:
        return [path.rsplit("/", 1)[1] for _, path, _ in self.uploads]


@pytest.fixture
async def rig(pool: WorkerPool) -> "AsyncIterator[Rig]":
    """An ArticleBuilder between scripted hosts and a scripted WeChat."""
    from tests.content.rig import Rig

    made = Rig(pool)
    yield made
    await made.builder.aclose()
