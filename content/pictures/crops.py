"""Which part of a cover WeChat shows. `find_crops` runs in a worker process."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

Crop = tuple[float, float, float, float]  # x1, y1, x2, y2 as fractions of the picture

# What lists show of a cover, by the names that WeChat has for them; wechat-api.md §3.1.
RATIOS = {"2.35_1": 2.35, "1_1": 1.0}
_LOOKED_AT_PX = 128
_CENTRE_WEIGHT = 0.25  # how much of all detail has to lie aside for a crop to leave the middle


def center_crops(width: int, height: int) -> dict[str, Crop]:
    """The middle of a picture of this size, by ratio."""
    return {name: _crop(width, height, ratio, 0.5) for name, ratio in RATIOS.items()}


def find_crops(arguments: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The parts of a picture with most detail, or if `centred` its middle, by ratio.

    Raises as `encode_anew` does.
    """
    from content.pictures.codec import small_copy

    image, (width, height) = small_copy(
        data, arguments["content_type"], _LOOKED_AT_PX, arguments["picture"]
    )
    if arguments["centred"]:
        return center_crops(width, height), b""
    return {
        name: _crop(width, height, ratio, _best_place(image, ratio))
        for name, ratio in RATIOS.items()
    }, b""


def _best_place(image: "Image", ratio: float) -> float:
    """Where the part of that ratio is to lie: 0 is the left or upper end, 1 the other."""
    width, height = image.size
    detail = _detail(image, along_x=width > height * ratio)
    part = min(1.0, height * ratio / width, width / ratio / height)
    size = max(1, round(len(detail) * part))
    places = len(detail) - size
    total = sum(detail)
    if places <= 0 or not total:
        return 0.5
    inside = [sum(detail[place : place + size]) for place in range(places + 1)]

    def score(place: int) -> float:
        return inside[place] / total - _CENTRE_WEIGHT * abs(place / places - 0.5)

    return max(range(places + 1), key=score) / places


def _detail(image: "Image", *, along_x: bool) -> list[int]:
    """How much there is to see in each column, or each row: edges, in any of the colours."""
    from PIL import Image, ImageFilter

    edges = image.convert("RGB").filter(ImageFilter.FIND_EDGES).convert("L")
    # The filter leaves the border as it is, which is no edge.
    edges.paste(0, (0, 0, edges.width, 1))
    edges.paste(0, (0, edges.height - 1, edges.width, edges.height))
    edges.paste(0, (0, 0, 1, edges.height))
    edges.paste(0, (edges.width - 1, 0, edges.width, edges.height))
    line = (edges.width, 1) if along_x else (1, edges.height)
    return list(edges.resize(line, Image.Resampling.BOX).tobytes())


def _crop(width: int, height: int, ratio: float, place: float) -> Crop:
    """The largest part of that ratio, at `place` of what is left over."""
    part_x, part_y = min(1.0, height * ratio / width), min(1.0, width / ratio / height)
    x, y = (1 - part_x) * place, (1 - part_y) * place
    return x, y, min(1.0, x + part_x), min(1.0, y + part_y)
