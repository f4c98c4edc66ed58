import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from content.pictures import errors
from content.pictures.crops import Crop
from content.pictures.passing import look, may_pass
from content.pictures.target import ARTICLE, DEFAULT_OPTIONS, PictureOptions, Target
from content.workers import WorkerPool, WorkExhausted, WorkFailed, WorkRefused
from core.errors import GatewayError
from fetch.sniff import ImageType, name_refused, sniff_image

_HEAVY_BYTES = 1_000_000
_LOOKED_AT_HERE_BYTES = 262_144  # a worst-case file of this length holds the loop for 10 ms
_LOOKED_AT_HERE = ("image/jpeg", "image/png")

# still: of an animation, its first frame.
Action = Literal["passed", "converted", "shrunk", "still"]

_REFUSALS: dict[str, type[GatewayError]] = {
    refusal.code: refusal
    for refusal in (
        errors.ImageInvalid,
        errors.ImageExtraMissing,
        errors.ImageTooManyPixels,
        errors.ImageTooComplex,
        errors.ImageCannotFit,
        errors.ImageExtraMissing,
    )
}
COVER_SIZE = (900, 383)  # of a drawn cover, 2.35 : 1
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp"}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture that WeChat takes, without metadata."""

    data: bytes
    content_type: str  # JPEG or PNG; where the target takes them GIF or BMP
    action: Action

    @property
    def filename(self) -> str:
        """A name of the kind that WeChat accepts."""
        return f"image.{_EXTENSIONS[self.content_type]}"


class ImageWorkers:
    """The one gate for pictures: looks at the bytes, passes what fits, has the rest re-encoded.

    Decodes nothing itself; a picture that must be decoded, or is long to look at, goes to a worker
    process.
    """

    def __init__(self, workers: WorkerPool) -> None:
        self._workers = workers
        self._one_heavy = asyncio.Lock()

    async def fit(
        self,
        data: bytes,
        picture: str,
        target: Target = ARTICLE,
        options: PictureOptions = DEFAULT_OPTIONS,
    ) -> Fitted:
        """`data` as `target` takes it; raises the errors of pictures/errors.py naming `picture`."""
        content_type = _sniffed(data, picture)
        if content_type in _LOOKED_AT_HERE and len(data) <= _LOOKED_AT_HERE_BYTES:
            stripped = look(data, content_type, picture=picture)
            if (
                stripped is not None
                and not stripped.moves
                and may_pass(stripped, content_type, target, options.max_width_px)
            ):
                return Fitted(stripped.data, content_type, "passed")
        arguments = {
            "target": target.name,
            "options": options,
            "picture": picture,
            "content_type": content_type,
        }
        # libjpeg shrinks while it decodes; the others need 200 MB for 12 megapixels, and the whole
        # has to work in 512 MB.
        heavy = content_type != "image/jpeg" and len(data) > _HEAVY_BYTES
        async with self._one_heavy if heavy else nullcontext():
            result, fitted = await self._run("fit", arguments, data, picture)
        return Fitted(fitted, result["content_type"], result["action"])

    async def crops(self, data: bytes, picture: str, *, centred: bool = False) -> dict[str, Crop]:
        """The parts of a cover with most to show, or its middle, by ratio; raises as `fit` does."""
        arguments = {
            "picture": picture,
            "content_type": _sniffed(data, picture),
            "centred": centred,
        }
        result, _ = await self._run("crops", arguments, data, picture)
        return {ratio: tuple(crop) for ratio, crop in result.items()}

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


def _sniffed(data: bytes, picture: str) -> ImageType:
    content_type = sniff_image(data)
    if content_type is None:
        raise errors.ImageTypeUnsupported(picture=picture, kind=name_refused(data))
    return content_type
