"""Make an animated GIF smaller. Runs in a worker process, nowhere else."""

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageSequence

from content.pictures.encode import resized
from content.pictures.target import PictureOptions, Target

# Each pixel of each frame has to be decoded: 100 million take a second.
_MAX_FRAME_PIXELS = 100_000_000
# What is left of them has to be given a palette and compared with the frame before.
_MAX_MADE_PIXELS = 8_000_000
_MIN_WIDTH_PX = 160


class _Plan(NamedTuple):
    width: int
    step: int  # of so many frames one stays, and is shown as long as all of them
    colors: int


def shrink_animation(data: bytes, target: Target, options: PictureOptions) -> bytes | None:
    """The GIF with fewer pixels, colours and frames; None if it cannot stay an animation."""
    limit = target.max_animation_bytes
    if limit == 0:
        return None
    image = Image.open(BytesIO(data), formats=["GIF"])
    frames: int = image.n_frames  # type: ignore[attr-defined]
    if image.width * image.height * frames > _MAX_FRAME_PIXELS:
        return None
    for plan in _plans(image, frames, options, too_long=len(data) > limit):
        made = _make(data, plan)
        if len(made) <= limit:
            return made
    return None


def _plans(
    image: Image.Image, frames: int, options: PictureOptions, *, too_long: bool
) -> Iterator[_Plan]:
    """Two tries: one that looks alike, one that is a quarter of it."""
    width = min(image.width, options.max_width_px or image.width)
    if too_long:
        width = min(width, max(_MIN_WIDTH_PX, image.width // 2))
    made = frames * width * width * image.height // image.width
    step = -(-made // _MAX_MADE_PIXELS)
    yield _Plan(width, step, 128)
    if too_long:
        yield _Plan(max(_MIN_WIDTH_PX, width * 2 // 3), step * 2, 64)


def _make(data: bytes, plan: _Plan) -> bytes:
    image = Image.open(BytesIO(data), formats=["GIF"])
    made: list[Image.Image] = []
    durations: list[int] = []
    for index, frame in enumerate(ImageSequence.Iterator(image)):
        shown_ms = int(frame.info.get("duration", 100))
        if index % plan.step:
            durations[-1] += shown_ms
            continue
        durations.append(shown_ms)
        made.append(_frame(frame, plan))
    out = BytesIO()
    loops = {"loop": image.info["loop"]} if "loop" in image.info else {}
    for frame in made:
        frame.info = {}
    made[0].save(
        out, "GIF", save_all=True, append_images=made[1:], duration=durations, disposal=2, **loops
    )
    return out.getvalue()


def _frame(frame: Image.Image, plan: _Plan) -> Image.Image:
    full = frame.convert("RGBA")
    small = resized(full, plan.width) if plan.width < full.width else full
    return small.quantize(plan.colors, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
