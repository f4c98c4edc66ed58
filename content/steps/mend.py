import re

from content.lint.lengths import is_source_url
from content.manuscript import Manuscript
from content.steps.digest import cut
from wechat.limits import DIGEST_CHARS, STRICT_DIGEST_BYTES

_WITHOUT_SCHEME = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?:[/?#]\S*)?", re.IGNORECASE)


def mend_fields(manuscript: Manuscript) -> None:
    """Mend what WeChat would refuse and can be mended without another meaning, if that is wanted.

    A title or an author's name is never cut: that is the author's to do.
    """
    if not manuscript.options.mend:
        return
    digest = manuscript.string("digest")
    shorter = _fitting(digest, strict=manuscript.length_rule == "strict")
    if shorter != digest:
        manuscript.fields["digest"] = shorter
        zh, en = "摘要过长，已在词尾截断", "the digest was too long and is cut at a word's end"
        manuscript.warn("mended_digest", zh, en, field="digest")
    url = manuscript.string("content_source_url")
    if url and not is_source_url(url) and _WITHOUT_SCHEME.fullmatch(url):
        manuscript.fields["content_source_url"] = f"https://{url}"
        zh, en = "原文链接缺 https://，已补上", "https:// was added to content_source_url"
        manuscript.warn("mended_content_source_url", zh, en, field="content_source_url")


def _fitting(digest: str, *, strict: bool) -> str:
    if not strict:
        return cut(digest, DIGEST_CHARS)
    limit = min(len(digest), STRICT_DIGEST_BYTES)
    while len(cut(digest, limit).encode()) > STRICT_DIGEST_BYTES:
        limit -= 1
    return cut(digest, limit)
