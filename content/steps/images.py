import re

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript
from content.pictures.source import judge_source
from content.refusals import TooManyImages

_LENGTH = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?)(px|%)?")


def list_images(manuscript: Manuscript, body: Body) -> None:
    """List the pictures of the body, and leave each as `src`, `alt` and a style.

    Raises ImageSourceForbidden for a source that no article may name, and TooManyImages.
    """
    seen: dict[str, dict[str, str]] = {}
    for node in body.css("img"):
        attributes = node.attributes
        # Pages that load lazily keep the address in data-src, as WeChat's own do.
        src = (attributes.get("data-src") or attributes.get("src") or "").strip()
        if not src:
            node.decompose()
            manuscript.warn(
                "image_without_source", "有图片没有地址，已忽略", "a picture names no src"
            )
            continue
        if src.startswith("//"):
            src = "https:" + src
        alt = attributes.get("alt") or ""
        if src not in seen:
            judge_source(src, field=f"images[{len(seen)}]")
            seen[src] = {"src": src, "alt": alt}
        _simplify(node, src, alt)
    if len(seen) > manuscript.max_images:
        raise TooManyImages(field="images", count=len(seen), limit=manuscript.max_images)
    manuscript.images = list(seen.values())


def _simplify(node: LexborNode, src: str, alt: str) -> None:
    attributes = node.attributes
    style = attributes.get("style") or ""
    for name in ("width", "height"):
        found = _LENGTH.fullmatch((attributes.get(name) or "").strip())
        if found and name not in style:
            style = f"{name}:{found.group(1)}{found.group(2) or 'px'};{style}"
    for name in attributes:
        del node.attrs[name]
    node.attrs["src"] = src
    node.attrs["alt"] = alt
    if style:
        node.attrs["style"] = style
