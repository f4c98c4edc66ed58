import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from content.pictures import errors
from content.pictures.passing import pass_through
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError
from fetch.sniff import sniff_image
from wechat.limits import UPLOADIMG_BYTES

_HEAVY_BYTES = 1_000_000
_LOOKED_AT_HERE_BYTES = 262_144  # a worst-case file of this length holds the loop for 10 ms

Action = Literal["passed", "converted", "shrunk"]

_REFUSALS: dict[str, type[GatewayError]] = {
    refusal.code: refusal
    for refusal in (
        errors.ImageInvalid,
        errors.ImageExtraMissing,
        errors.ImageTooManyPixels,
        errors.ImageTooComplex,
        errors.ImageCannotFit,
    )
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture that WeChat takes: JPEG or PNG below 1 MB, without metadata."""

    data: bytes
    content_type: Literal["image/jpeg", "image/png"]
    action: Action

    @property
    def filename(self) -> str:
        """A name of the kind that WeChat accepts."""
        return "image.jpg" if self.content_type == "image/jpeg" else "image.png"


class ImageWorkers:
    """The one gate for pictures: looks at the bytes, passes what fits, has the rest re-encoded.

    Decodes nothing itself; a picture that must be decoded, or is long to look at, goes to a worker
    process.
    """

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._one_heavy = asyncio.Lock()

    async def fit(self, data: bytes, picture: str) -> Fitted:
        """`data` as WeChat takes it; raises the errors of pictures/errors.py naming `picture`."""
        content_type = sniff_image(data)
        if content_type is None:
            raise errors.ImageTypeUnsupported(picture=picture)
        limit = UPLOADIMG_BYTES - 1
        if content_type in ("image/jpeg", "image/png") and len(data) <= _LOOKED_AT_HERE_BYTES:
            passed = pass_through(data, content_type, limit=limit, picture=picture)
            if passed is not None:
                return Fitted(passed, content_type, "passed")
        arguments = {"limit": limit, "picture": picture, "content_type": content_type}
        # libjpeg shrinks while it decodes; the others need 200 MB for 12 megapixels, and the whole
        # has to work in 512 MB.
        heavy = content_type != "image/jpeg" and len(data) > _HEAVY_BYTES
        async with self._one_heavy if heavy else nullcontext():
            result, fitted = await self._run("fit", arguments, data, picture)
        return Fitted(fitted, result["content_type"], result["action"])

    async def plain_cover(self, title: str) -> Fitted:
        """A cover for an article that has no picture."""
        _, data = await self._run("cover", {"title": title}, b"", "cover")
        return Fitted(data, "image/jpeg", "converted")

    async def placeholder(self, alt: str) -> Fitted:
        """What stands where a picture could not be had."""
        _, data = await self._run("placeholder", {"alt": alt}, b"", "placeholder")
        return Fitted(data, "image/png", "converted")

    async def _run(
        self, operation: str, arguments: dict[str, Any], data: bytes, picture: str
    ) -> tuple[dict[str, Any], bytes]:
        try:
            return await self._workers.run(operation, arguments, data)
        except WorkRefused as refused:
            values: dict[str, Any] = refused.values
            raise _REFUSALS[refused.code](**values) from None
        except WorkExhausted:
            raise errors.ImageTooComplex(picture=picture) from None
        except WorkFailed:
            raise errors.ImageInvalid(picture=picture) from None
