"""Draw docs/themes/: every theme over the sample article, as a phone and as the editor show it.

    python scripts/draw_themes.py [NAME…]

Needs playwright, Chromium (CHROMIUM, /usr/bin/chromium by default) and a Chinese font. Each
picture: 375 px wide in light and dark mode, 677 px wide in light and dark mode.
"""

import os
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from content.theming.codes import PALETTES
from content.theming.gallery import Gallery
from sandbox.darkmode import darken

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "themes"
COLUMNS = ((375, False), (375, True), (677, False), (677, True))
SCALE = 0.55
MAX_BYTES = 60_000
PAGE = """<!doctype html><meta charset=utf-8><body style="margin:0;background:{page};color:{ink};
font:17px system-ui"><div style="padding:20px 16px;width:{inner}px;overflow:hidden">{html}</div>"""


def shoot(page: Page, html: str, width: int, *, dark: bool) -> Image.Image:
    """The article as a screen of `width` px shows it."""
    page.set_viewport_size({"width": width, "height": 400})
    colors = {"page": "#191919", "ink": "#a3a3a3"} if dark else {"page": "#fff", "ink": "#191919"}
    page.set_content(PAGE.format(**colors, inner=width - 32, html=darken(html) if dark else html))
    return Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")


def sheet(shots: list[Image.Image]) -> Image.Image:
    """The shots side by side, made smaller."""
    height = max(shot.height for shot in shots)
    whole = Image.new("RGB", (sum(shot.width for shot in shots) + 36, height), "#cccccc")
    at = 0
    for shot in shots:
        page = shot.crop((0, 0, 1, 1)).resize((shot.width, height))  # below a shorter article
        whole.paste(page, (at, 0))
        whole.paste(shot, (at, 0))
        at += shot.width + 12
    size = (round(whole.width * SCALE), round(whole.height * SCALE))
    return whole.resize(size, Image.Resampling.LANCZOS)


def code_sheet(page: Page, gallery: Gallery) -> Image.Image:
    """All code themes of ours, three beside each other, each in light and dark mode."""
    shots = []
    for name in PALETTES:
        html = f"<p>{name}</p>{gallery.code_sample(name)}"
        shots += [
            shoot(page, html, 375, dark=dark).crop((0, 0, 375, 260)) for dark in (False, True)
        ]
    rows = [sheet(shots[at : at + 6]) for at in range(0, len(shots), 6)]
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    for number, row in enumerate(rows):
        whole.paste(row, (0, number * row.height))
    return whole


def save(image: Image.Image, path: Path) -> None:
    """As WebP, as fine as MAX_BYTES allow."""
    for quality in range(80, 20, -5):
        out = BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        if len(out.getvalue()) <= MAX_BYTES:
            break
    path.write_bytes(out.getvalue())
    print(f"{path.name}: {path.stat().st_size} bytes, quality {quality}")


def main() -> None:
    """Draw the themes that the arguments name, or all."""
    gallery = Gallery()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(offline=True)
        for name in sys.argv[1:] or [theme.name for theme in gallery.themes()]:
            html = gallery.sample(theme=name)
            shots = [shoot(page, html, width, dark=dark) for width, dark in COLUMNS]
            save(sheet(shots), FOLDER / f"{name}.webp")
        if not sys.argv[1:]:
            save(code_sheet(page, gallery), FOLDER / "code.webp")
        chromium.close()


if __name__ == "__main__":
    main()
