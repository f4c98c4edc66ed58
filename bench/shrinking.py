"""A 12 MP JPEG made to fit WeChat, beside libvips: python -m bench.shrinking.

Needs `pyvips[binary]` and `numpy`, which are no dependencies: install them into an environment of
your own. Processor time of one thread each, interleaved; SSIM against the source at the same size.
"""

import statistics
import sys
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from content.pictures.passing import fit
from wechat.limits import UPLOADIMG_BYTES

ROUNDS = 7
_ARGUMENTS = {
    "target": "article",
    "options": [85, 0],
    "picture": "bench",
    "content_type": "image/jpeg",
}


def photo() -> bytes:
    """A picture with large shapes, edges and the noise of a sensor."""
    shapes = Image.effect_noise((160, 120), 90).resize((4_000, 3_000), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((4_000, 3_000), 12)
    channels = [Image.blend(shapes.rotate(turn), grain, 0.2) for turn in (0, 180, 0)]
    out = BytesIO()
    Image.merge("RGB", channels).save(out, "JPEG", quality=92)
    return out.getvalue()


def ours(data: bytes) -> bytes:
    return fit(_ARGUMENTS, data)[1]


def libvips(pyvips: Any, data: bytes) -> bytes:
    image = pyvips.Image.thumbnail_buffer(data, 2_000)
    made: bytes = image.jpegsave_buffer(Q=85, keep="none")
    return made


def ssim(np: Any, one: bytes, source: bytes) -> float:
    """Of the brightness, in windows of 8 × 8 px (Wang et al. 2004)."""
    made = Image.open(BytesIO(one)).convert("L")
    wanted = Image.open(BytesIO(source)).convert("L").resize(made.size, Image.Resampling.LANCZOS)
    high, wide = made.height // 8 * 8, made.width // 8 * 8
    x, y = (
        np.asarray(image, dtype=float)[:high, :wide]
        .reshape(high // 8, 8, wide // 8, 8)
        .swapaxes(1, 2)
        .reshape(-1, 64)
        for image in (made, wanted)
    )
    mean_x, mean_y = x.mean(1), y.mean(1)
    both = (x * y).mean(1) - mean_x * mean_y
    small, large = 6.5025, 58.5225
    likeness = (2 * mean_x * mean_y + small) * (2 * both + large)
    scale = (mean_x**2 + mean_y**2 + small) * (x.var(1) + y.var(1) + large)
    return float((likeness / scale).mean())


def main() -> None:
    try:
        import numpy as np  # type: ignore[import-not-found,unused-ignore]
        import pyvips  # type: ignore[import-not-found,unused-ignore]
    except ImportError as missing:
        print(f"skipped: {missing.name} is not installed")
        return
    pyvips.concurrency_set(1)
    data = photo()
    ways: dict[str, Callable[[], bytes]] = {
        "wxgate": lambda: ours(data),
        "libvips": lambda: libvips(pyvips, data),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.process_time()
            made = way()
            times[name].append(time.process_time() - start)
    print(f"12 MP, {len(data) / 1e6:.1f} MB")
    for name, way in ways.items():
        made = way()
        size = Image.open(BytesIO(made)).size
        fits = "fits" if len(made) < UPLOADIMG_BYTES else "TOO LARGE"
        print(
            f"{name:8} {statistics.median(times[name]) * 1e3:6.0f} ms of processor,"
            f" {len(made) / 1e3:.0f} KB ({fits}), {size[0]}×{size[1]},"
            f" SSIM {ssim(np, made, data):.3f}"
        )
    ratio = statistics.median(times["wxgate"]) / statistics.median(times["libvips"])
    print(f"time against libvips: {ratio:.2f}")
    sys.exit(ratio > 1.3)


if __name__ == "__main__":
    main()
