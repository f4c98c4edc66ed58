"""The folder of the acceptance: 100 articles, 500 pictures, 60 of them repeats."""

from io import BytesIO
from pathlib import Path

from PIL import Image

ARTICLES, PICTURES_EACH, REPEATS = 100, 5, 60


def make_folder(root: Path, *, articles: int = ARTICLES, repeats: int = REPEATS) -> None:
    """Write it. The first picture of an article is its cover too."""
    for number in range(articles):
        article = root / f"{number // 10}" / f"post {number:03}.md"
        pictures = article.parent / "img"
        pictures.mkdir(parents=True, exist_ok=True)
        names = []
        for place in range(PICTURES_EACH):
            name = f"{number:03}-{place}.png"
            (pictures / name).write_bytes(picture(_content(number, place, repeats)))
            names.append(name)
        shown = "\n\n".join(f"![图 {name}](img/{name})" for name in names)
        article.write_text(f"# 第 {number} 篇\n\n正文 {number}。\n\n{shown}\n", "utf-8")


def _content(number: int, place: int, repeats: int) -> int:
    """Which picture it is: the last of the first articles repeats one of the article before."""
    if place == PICTURES_EACH - 1 and number < repeats:
        number, place = (number - 1) % ARTICLES, 1
    return number * PICTURES_EACH + place


def picture(content: int) -> bytes:
    """A PNG; another number gives another one."""
    out = BytesIO()
    colour = (content % 251, content // 251 * 80, 120)
    Image.new("RGB", (320, 200), colour).save(out, "PNG")
    return out.getvalue()


def minimum_calls() -> dict[str, int]:
    """What WeChat has to be asked at least, by path.

    A token; each different picture once as a picture of a text, and each different cover once as
    material; a draft for each article. And each draft is read once: of what WeChat says when it
    makes one, nothing tells what it kept of it, nor where to look at it.
    """
    return {
        "/cgi-bin/stable_token": 1,
        "/cgi-bin/media/uploadimg": ARTICLES * PICTURES_EACH - REPEATS,
        "/cgi-bin/material/add_material": ARTICLES,
        "/cgi-bin/draft/add": ARTICLES,
        "/cgi-bin/draft/get": ARTICLES,
    }
