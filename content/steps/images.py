import re

from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript
from content.pictures.source import judge_source, tidy_source
from content.refusals import TooManyImages
from content.steps.srcset import largest_of

# A picture within SVG is among them: WeChat takes its address away.
_DROPPED = "svg image, video, audio, iframe, object, embed"
_LENGTH = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?)(px|%)?")


def list_images(manuscript: Manuscript, body: Body) -> None:
    """List the pictures of the body, and leave each as `src`, `alt` and a style.

    Raises ImageSourceForbidden for a source that no article may name, unless `image_failure` lets
    pictures go, and TooManyImages.
    """
    _leave_out_what_wechat_drops(manuscript, body)
    must_be_had = manuscript.options.image_failure == "fail"
    seen: dict[str, dict[str, str]] = {}
    for node in body.css("img"):
        src = tidy_source(_source(node))
        if not src:
            node.decompose()
            manuscript.warn(
                "image_without_source", "有图片没有地址，已忽略", "a picture names no src"
            )
            continue
        alt = node.attributes.get("alt") or ""
        if src not in seen:
            if must_be_had:
                judge_source(src, field=f"images[{len(seen)}]")
            seen[src] = {"src": src, "alt": alt}
        _simplify(node, src, alt)
    if len(seen) > manuscript.max_images:
        raise TooManyImages(field="images", count=len(seen), limit=manuscript.max_images)
    manuscript.images = list(seen.values())


def _leave_out_what_wechat_drops(manuscript: Manuscript, body: Body) -> None:
    found = body.css(_DROPPED)
    if not found:
        return
    names = ", ".join(sorted({node.tag or "" for node in found}))
    for node in found:
        node.decompose()
    manuscript.warn(
        "media_removed",
        f"微信不保留的元素已移除：{names}；视频、音频请在公众号后台插入",
        f"elements that WeChat drops were removed: {names}; insert video and audio on its page",
    )


def _source(node: LexborNode) -> str:
    """Where the picture is. A data: URI in `src` is mostly a stand-in until the page is scrolled.

    Pages that load lazily keep the address in data-src, as WeChat's own do.
    """
    attributes = node.attributes
    if lazy := attributes.get("data-src"):
        return lazy
    src = attributes.get("src") or ""
    if src and not src.lstrip().lower().startswith("data:"):
        return src
    return largest_of(attributes.get("srcset") or "") or src or _source_beside(node)


def _source_beside(node: LexborNode) -> str:
    """What the first `<source>` of a `<picture>` offers."""
    picture = node.parent
    if picture is None or picture.tag != "picture":
        return ""
    offer = picture.css_first("source[srcset]")
    return largest_of(offer.attributes.get("srcset") or "") if offer is not None else ""


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
