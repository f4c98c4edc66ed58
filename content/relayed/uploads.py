from content.pictures.gate import Fitted, ImageWorkers
from content.pictures.target import PictureOptions, Target
from fetch.sniff import sniff_image


class UploadCare:
    """Makes pictures that tools upload what the call takes; those that are right stay untouched."""

    def __init__(self, images: ImageWorkers, options: PictureOptions) -> None:
        self._images = images
        self._options = options

    async def fit(self, data: bytes, target: Target) -> Fitted | None:
        """`data` as `target` takes it; None: it is. Raises the errors of pictures/errors.py."""
        if sniff_image(data) in target.types and len(data) <= target.max_bytes:
            return None
        return await self._images.fit(data, "media", target, self._options)
