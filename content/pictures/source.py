import posixpath
import re
import unicodedata
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote, urlsplit

from content.pictures.errors import ImageFileMissing, ImageSourceForbidden
from fetch.urls import shown as shown_url
from wechat.limits import IMAGE_HOSTS

SourceKind = Literal["wechat", "url", "data", "file"]

_MAX_PATH_CHARS = 4_096
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_DATA = re.compile(r"data:image/[a-z0-9.+-]+(?:;[a-z0-9=._-]+)*,", re.IGNORECASE)
_BLANKS = "".join(map(chr, range(0x21)))
_LINE_ENDS = re.compile(r"[\t\r\n]")


def judge_source(src: str, *, field: str) -> SourceKind:
    """What kind of place `src` names; raises ImageSourceForbidden, for paths from `/` above all.

    `wechat` is a picture that already is on WeChat's image host.
    """
    kind = source_kind(src)
    if kind is None:
        raise ImageSourceForbidden(field=field, picture=shown(src))
    return kind


def source_kind(src: str) -> SourceKind | None:
    """What kind of place `src` names; None for one that no article may name."""
    if src[:8].lower().startswith(("http://", "https://")):
        return "wechat" if _host(src) in IMAGE_HOSTS else "url"
    if _DATA.match(src):
        return "data"
    if _SCHEME.match(src) or file_name(src) is None:
        return None
    return "file"


def tidy_source(src: str) -> str:
    """`src` as a browser reads it: without line ends and tabs in it, and with its protocol."""
    src = _LINE_ENDS.sub("", src.strip(_BLANKS))
    return "https:" + src if src.startswith("//") else src


def find_file(src: str, files: Mapping[str, bytes], *, field: str) -> bytes:
    """The file sent along that `src` names, in another spelling too; raises ImageFileMissing."""
    if src in files:
        return files[src]
    wanted = file_name(src)
    for name, data in files.items():
        if wanted is not None and file_name(name) == wanted:
            return data
    raise ImageFileMissing(field=field, picture=shown(src))


def shown(src: str) -> str:
    """`src` as it may stand in messages: short, without user info, query and fragment."""
    return src[:30] + "…" if src[:5].lower() == "data:" else shown_url(src)


def _host(src: str) -> str:
    try:
        parts = urlsplit(src)
    except ValueError:
        return ""
    return parts.netloc.lower()


def file_name(path: str) -> str | None:
    """`path` in one spelling; None if it is absolute, names no file or is endless.

    It may lead upwards: files are those that came along, under such names; nothing of our disk.
    """
    if len(path) > _MAX_PATH_CHARS:
        return None
    path = unquote(path.split("?", 1)[0].split("#", 1)[0]).replace("\\", "/")
    normal = posixpath.normpath(unicodedata.normalize("NFC", path))
    is_no_file = normal.startswith("/") or normal.endswith("..") or normal == "."
    return None if is_no_file or "\0" in normal or _SCHEME.match(normal) else normal
