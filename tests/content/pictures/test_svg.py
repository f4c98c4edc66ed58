import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from content.pictures.errors import ImageInvalid, ImageTooComplex
from content.pictures.svg import Size, svg_to_png

_NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def _svg(inside: str, attributes: str = 'width="40" height="20"') -> bytes:
    return f"<svg {_NS} {attributes}>{inside}</svg>".encode()


def _draw(data: bytes, **options: float) -> Image.Image:
    png, _ = svg_to_png(data, picture="x.svg", **options)  # type: ignore[arg-type]
    return Image.open(BytesIO(png)).convert("RGBA")


def test_a_drawing_becomes_a_png_at_twice_its_size() -> None:
    image = _draw(_svg('<rect width="40" height="20" fill="#ff0000"/>'))
    assert image.size == (80, 40)
    assert image.getpixel((40, 20)) == (255, 0, 0, 255)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('viewBox="0 0 40 20"', Size(40, 20)),
        ('width="100%" viewBox="0 0 40 20"', Size(40, 20)),
        ('width="80" viewBox="0,0,40,20"', Size(80, 40)),
        ('height="1in" viewBox="0 0 2 1"', Size(192, 96)),
        ("", Size(300, 150)),
        ('width="0" viewBox="0 0 0 0"', Size(300, 150)),
    ],
)
def test_the_size_is_what_a_browser_would_take(attributes: str, size: Size) -> None:
    assert svg_to_png(_svg("", attributes), picture="x")[1] == size


def test_a_huge_size_is_drawn_small() -> None:
    assert _draw(_svg("", 'width="1000000" height="500000"')).size == (2048, 1024)
    assert _draw(_svg("", 'width="1" height="999999"')).size == (1, 4096)


def test_chinese_and_latin_text_is_drawn() -> None:
    ink = _draw(_svg('<text x="2" y="15" font-size="12" font-family="verdana">a</text>'))
    assert ink.getbbox() is not None


@pytest.mark.parametrize("name", ["href", "xlink:href"])
@pytest.mark.parametrize("scheme", ["", "file://", "//localhost"])
def test_no_file_is_read(tmp_path: Path, name: str, scheme: str) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (40, 20), (0, 255, 0)).save(secret)
    image = f'<image width="40" height="20" {name}="{scheme}{secret}"/>'
    assert _draw(_svg(image)).getbbox() is None


def test_a_picture_inside_is_drawn() -> None:
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
    image = f'<image width="40" height="20" href="data:image/png;base64,{dot}"/>'
    assert _draw(_svg(image)).getbbox() is not None


@pytest.mark.parametrize(
    "data",
    [
        _svg("<g>" * 200 + "</g>" * 200),
        _svg("<g/>" * 30_000),
        b"<!DOCTYPE svg [<!ENTITY a 'x'>]>" + _svg("&a;"),
        "<!DOCTYPE svg [<!ENTITY a 'x'>]><svg/>".encode("utf-16"),
        _svg(" " * 3_000_000),
    ],
)
def test_bombs_are_refused_before_they_are_drawn(data: bytes) -> None:
    with pytest.raises(ImageTooComplex):
        svg_to_png(data, picture="x.svg")


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg", b"<svg/>", b"<html/>", b"\xff\xfe<", b"<?xml version='1.0' encoding='nix'?>"],
)
def test_what_is_no_svg_is_refused(data: bytes) -> None:
    with pytest.raises(ImageInvalid):
        svg_to_png(data, picture="x.svg")


def test_without_the_extra_the_refusal_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['resvg_py'] = None\n"
        "from content.pictures.svg import svg_to_png\n"
        "from content.pictures.errors import ImageExtraMissing\n"
        "try: svg_to_png(b'<svg/>', picture='x.svg')\n"
        "except ImageExtraMissing as e: print(e.values)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.strip() == "{'picture': 'x.svg', 'extra': 'svg'}"
