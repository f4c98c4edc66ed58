import posixpath
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from content import refusals
from content.lint.elements import Element
from content.lint.page import Page
from content.lint.rule import Finding, Rule, refusal_rule
from content.pictures.errors import ImageFileMissing, ImageSourceForbidden, ImageTypeUnsupported
from content.pictures.source import SourceKind, find_file, judge_source, shown
from core.errors import Text

_HOSTS = "developers.weixin.qq.com draft/add: images from other hosts are filtered"
_TYPES = "developers.weixin.qq.com media/uploadimg: jpg and png only; webp, svg, heic refused [obs]"

IMAGE_FORBIDDEN = refusal_rule(ImageSourceForbidden, "wechat-api.md 9: blob: pictures; our own")
NO_IMAGES = refusal_rule(refusals.NewspicWithoutImages, "developers.weixin.qq.com draft/add")
TOO_MANY = refusal_rule(refusals.TooManyImages, "content.max_images")
FILE_MISSING = Rule(
    ImageFileMissing.code,
    "error",
    Text("没有这个图片文件：{picture}", "there is no picture {picture}"),
    Text(
        "检查路径：相对于文章；图片不能在文章的文件夹和当前文件夹之外",
        "name it as seen from the article, below the article's folder or the current one",
    ),
    "docs/zh/articles.md",
)
TYPE_REFUSED = refusal_rule(ImageTypeUnsupported, _TYPES)
FILES_NEEDED = Rule(
    "image_files_needed",
    "info",
    Text(
        "{count} 张本地图片（第一张 {picture}）要随文章一起上传",
        "{count} local pictures, {picture} first, have to be sent along with the article",
    ),
    Text(
        "用 wxgate publish 提交，或作为 multipart 的文件部分上传",
        "use wxgate publish, or send them as file parts of multipart",
    ),
    "docs/zh/articles.md",
)
IMAGE_FOREIGN = Rule(
    "image_foreign",
    "info",
    Text(
        "{count} 张图片不在微信图床上（第一张 {picture}），微信会滤掉",
        "{count} pictures, {picture} first, are not on WeChat's host: it would drop them",
    ),
    Text(
        "不用改：提交时网关会取来、上传并换掉地址",
        "leave them: the gateway fetches and uploads them, and names the new URLs",
    ),
    _HOSTS,
    mended=True,
)
IMAGE_CONVERTED = Rule(
    "image_converted",
    "info",
    Text(
        "{count} 张图片是微信不收的 {kind}（第一张 {picture}）",
        "{count} pictures, {picture} first, are {kind}, which WeChat refuses",
    ),
    Text(
        "不用改：网关会转成 JPEG 或 PNG（SVG、HEIC 要装对应的可选依赖）",
        "leave them: the gateway turns them into JPEG or PNG (SVG and HEIC need their extras)",
    ),
    _TYPES,
    mended=True,
)
IMAGE_EMBEDDED = Rule(
    "image_embedded",
    "info",
    Text(
        "{count} 张图片以 data: 内嵌，微信会滤掉",
        "{count} pictures are embedded as data:, which WeChat drops",
    ),
    Text("不用改：网关会解出来上传", "leave them: the gateway uploads them"),
    "wechat-api.md 9: base64 images",
    mended=True,
)
IMAGE_OF_OTHERS = Rule(
    "image_of_other_account",
    "warning",
    Text(
        "图片 {picture} 可能是从别的公众号文章里复制的",
        "the picture {picture} may be copied from another account's article",
    ),
    Text(
        "微信可能答 45166：把图片存到本地再引用",
        "WeChat may answer 45166: save the picture and name the file",
    ),
    "reports only: wechat-api.md 3.4, mmbiz pictures with from=appmsg",
)
NO_SOURCE = Rule(
    "image_without_source",
    "warning",
    Text("有图片没有地址，已忽略", "a picture names no src"),
    Text("补上图片地址，或删掉它", "name its address, or take it out"),
    "our own",
    mended=True,
)
ALT_MISSING = Rule(
    "image_alt_missing",
    "info",
    Text("{count} 张图片没有说明文字", "{count} pictures have no text of their own"),
    Text(
        "在 ![] 的方括号里写一句，读屏的人靠它",
        "say between the brackets of ![] what they show, for those who cannot see them",
    ),
    "W3C, WCAG 2.2, 1.1.1",
)

_CONVERTED: Mapping[str, str] = {
    ".webp": "WebP",
    ".avif": "AVIF",
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".svg": "SVG",
}
_REFUSED_SUFFIXES = frozenset({".tif", ".tiff", ".eps", ".psd", ".pdf", ".ico", ".jxl", ".ai"})


def check_pictures(page: Page) -> Iterator[Finding]:
    """Every picture of the text by where it is; what is common is told once, with its count."""
    counted: dict[tuple[Rule, str], list[Element]] = {}
    index: dict[str, int] = {}
    for picture in page.elements:
        if picture.tag != "img":
            continue
        src = picture.get("data-src") or picture.get("src")
        if not src:
            yield NO_SOURCE.at(picture.position)
            continue
        field = f"images[{index.setdefault(src, len(index))}]"
        for rule, kind in _rules_of(src, page):
            if rule.level == "info":
                counted.setdefault((rule, kind), []).append(picture)
            else:
                yield rule.at(picture.position, field=field, picture=_named(src), kind=kind)
        if not picture.get("alt"):
            counted.setdefault((ALT_MISSING, ""), []).append(picture)
    for (rule, kind), pictures in counted.items():
        first = pictures[0]
        src = _named(first.get("data-src") or first.get("src"))
        yield rule.at(first.position, count=len(pictures), kind=kind, picture=src)


def _rules_of(src: str, page: Page) -> Iterator[tuple[Rule, str]]:
    src = "https:" + src if src.startswith("//") else src
    try:
        place = judge_source(src, field="")
    except ImageSourceForbidden:
        yield IMAGE_FORBIDDEN, ""
        return
    yield from _by_place(src, place, page)
    suffix = posixpath.splitext(src.split("?", 1)[0].split("#", 1)[0])[1].lower()
    if place in ("url", "file") and suffix in _CONVERTED:
        yield IMAGE_CONVERTED, _CONVERTED[suffix]
    elif place in ("url", "file") and suffix in _REFUSED_SUFFIXES:
        yield TYPE_REFUSED, suffix[1:].upper()


def _by_place(src: str, place: SourceKind, page: Page) -> Iterator[tuple[Rule, str]]:
    if place == "url":
        yield IMAGE_FOREIGN, ""
    elif place == "data":
        yield IMAGE_EMBEDDED, ""
    elif place == "wechat":
        if "appmsg" in parse_qs(urlsplit(src).query).get("from", []):
            yield IMAGE_OF_OTHERS, ""
    elif page.files is None:
        yield FILES_NEEDED, ""
    elif not _is_among(src, page.files):
        yield FILE_MISSING, ""


def _named(src: str) -> str:
    """`src` for a message; Markdown writes % for Chinese in paths."""
    return shown(src if "://" in src else unquote(src))


def _is_among(src: str, files: frozenset[str]) -> bool:
    try:
        find_file(src, dict.fromkeys(files, b""), field="")
    except ImageFileMissing:
        return False
    return True
