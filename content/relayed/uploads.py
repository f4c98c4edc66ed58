from content.pictures.gate import Fitted, ImageWorkers
from content.pictures.target import PictureOptions, Target
from fetch.sniff import sniff_image

_EXTENSIONS = frozenset({"jpg", "jpeg", "png", "gif", "bmp"})


class UploadCare:
    """Makes pictures that tools upload what the call takes; those that are right stay untouched."""

    def __init__(self, images: ImageWorkers, options: PictureOptions) -> None:
        self._images = images
        self._options = options

    async def fit(self, data: bytes, extension: str, target: Target) -> Fitted | None:
        """`data` as `target` takes it; None: it is. Raises the errors of pictures/errors.py.

        A picture whose name says that it is none, such as webp for a PNG, is right but for that.
        """
        kind = sniff_image(data)
        if kind in target.types and len(data) <= target.max_bytes:
            return None if extension in _EXTENSIONS else Fitted(data, kind, "passed")
        return await self._images.fit(data, "media", target, self._options)
