from content.manuscript import Manuscript
from content.refusals import (
    AuthorTooLong,
    ContentEmpty,
    ContentTooLong,
    DigestTooLong,
    SourceUrlInvalid,
    TitleTooLong,
)
from core.errors import GatewayError
from wechat import limits

_UPLOADED_URL_BYTES = 160  # what stands in the place of a data: URI in the end

_FIELDS: tuple[tuple[str, type[GatewayError], int, int], ...] = (
    ("title", TitleTooLong, limits.TITLE_CHARS, limits.STRICT_TITLE_BYTES),
    ("author", AuthorTooLong, limits.AUTHOR_CHARS, limits.STRICT_AUTHOR_BYTES),
    ("digest", DigestTooLong, limits.DIGEST_CHARS, limits.STRICT_DIGEST_BYTES),
)


def check_lengths(manuscript: Manuscript) -> None:
    """Hold the article against WeChat's limits, so that nothing is uploaded in vain.

    `text` counts characters (code points), `strict` what the strictest of the disputed readings
    would: bytes of the fields, characters of the HTML.
    """
    strict = manuscript.length_rule == "strict"
    for name, error, max_chars, max_bytes in _FIELDS:
        value = manuscript.string(name)
        if strict:
            _hold(error, name, len(value.encode()), max_bytes, ("字节", "bytes"))
        else:
            _hold(error, name, len(value), max_chars, ("字符", "characters"))
    _check_source_url(manuscript.string("content_source_url"))
    _check_content(manuscript, strict=strict)


def _hold(
    error: type[GatewayError], field: str, count: int, limit: int, unit: tuple[str, str]
) -> None:
    if count > limit:
        raise error(field=field, count=count, limit=limit, unit=unit[0], unit_en=unit[1])


def _check_source_url(url: str) -> None:
    if not url:
        return
    if len(url.encode()) > limits.SOURCE_URL_BYTES or not url.startswith(("http://", "https://")):
        raise SourceUrlInvalid(field="content_source_url")


def _check_content(manuscript: Manuscript, *, strict: bool) -> None:
    if manuscript.article_type == "newspic":
        _check_newspic(manuscript, strict=strict)
        return
    if not manuscript.stats["characters"] and not manuscript.images:
        raise ContentEmpty(field="content")
    embedded = [
        len(image["src"]) for image in manuscript.images if image["src"].startswith("data:")
    ]
    saved = sum(embedded) - _UPLOADED_URL_BYTES * len(embedded)
    characters = len(manuscript.html) - saved if strict else manuscript.stats["characters"]
    _hold(ContentTooLong, "content", characters, limits.CONTENT_CHARS, ("字符", "characters"))
    size = manuscript.stats["bytes"] - saved
    _hold(ContentTooLong, "content", size, limits.CONTENT_BYTES - 1, ("字节", "bytes"))


def _check_newspic(manuscript: Manuscript, *, strict: bool) -> None:
    characters, size = len(manuscript.html), len(manuscript.html.encode())
    if not characters:
        raise ContentEmpty(field="content")
    _hold(ContentTooLong, "content", characters, limits.CONTENT_CHARS, ("字符", "characters"))
    if size <= limits.STRICT_NEWSPIC_BYTES:
        return
    if strict:
        limit = limits.STRICT_NEWSPIC_BYTES
        raise ContentTooLong(field="content", count=size, limit=limit, unit="字节", unit_en="bytes")
    manuscript.warn(
        "newspic_text_long",
        f"小绿书正文有 {size} 字节；微信文档提到 2 KB 的上限，可能被拒（45166）",
        f"the text has {size} bytes; WeChat's page names 2 KB and may refuse it (45166)",
        field="content",
    )
