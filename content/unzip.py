"""A folder out of a ZIP archive. Runs in a worker process: the archive is a stranger's.

Nothing is written to a disk. No more is unpacked than the archive's own table says, and no more of
that than is asked for: it does not matter how small a bomb was packed.
"""

import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from content.refusals import ArchiveInvalid

_ENCRYPTED, _UTF_8 = 0x1, 0x800  # of ZipInfo.flag_bits: APPNOTE 4.4.4
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")
_MAX_NAME_CHARS = 512
_NAME_SHOWN = 120
# What systems leave behind in folders; names with a dot before them are left out too.
_LITTER = frozenset({"__macosx", "thumbs.db", "desktop.ini", "node_modules"})
_BROKEN = (
    *(BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)


def unzip(arguments: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
    """The files: `[[path, size], …]`, and their bytes one after the other.

    `arguments`: max_bytes, max_files. Raises ArchiveInvalid.
    """
    try:
        with ZipFile(BytesIO(body)) as archive:
            listed = archive.infolist()
            if len(listed) > arguments["max_files"]:
                most = arguments["max_files"]
                raise _refusal("ZIP", f"超过 {most} 个条目", f"over {most} entries")
            wanted = _wanted(listed, arguments["max_bytes"])
            files = [_read(archive, path, entry) for path, entry in wanted.items()]
    except _BROKEN:
        raise _refusal("ZIP", "不是完整的 ZIP 文件", "not a whole ZIP file") from None
    sizes = [[path, len(data)] for path, data in zip(wanted, files, strict=True)]
    return {"files": sizes}, b"".join(files)


def _wanted(listed: Iterable[ZipInfo], max_bytes: int) -> dict[str, ZipInfo]:
    """What is to be unpacked, by path. Raises ArchiveInvalid, which names the entry."""
    wanted: dict[str, ZipInfo] = {}
    left = max_bytes
    for entry in listed:
        path = _path(entry)
        if path.endswith("/") or _is_litter(path):
            continue
        _judge(path, entry)
        if path in wanted:
            raise _refusal(path, "出现了两次", "it is there twice")
        left -= entry.file_size
        if left < 0:
            most = max_bytes // 1_000_000
            raise _refusal(path, f"解压后超过 {most} MB", f"it unpacks to over {most} MB")
        wanted[path] = entry
    return wanted


def _path(entry: ZipInfo) -> str:
    """Its path, with `/`. Raises ArchiveInvalid for one that leads out of the folder."""
    name = unicodedata.normalize("NFC", _decoded(entry)).replace("\\", "/")
    if not 0 < len(name) <= _MAX_NAME_CHARS:
        raise _refusal(name, "名称为空或过长", "its name is empty or too long")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        raise _refusal(name, "名称含控制字符", "its name has a control character")
    steps = name.removesuffix("/").split("/")
    if steps[0][1:2] == ":" or any(step in ("", ".", "..") for step in steps):
        raise _refusal(name, "路径指向文件夹之外", "its path leads out of the folder")
    return name


def _decoded(entry: ZipInfo) -> str:
    """Its name. Without the flag for UTF-8 it is that all the same, or in what Windows uses."""
    if entry.flag_bits & _UTF_8:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")  # as zipfile has decoded it
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refusal(entry.filename, "名称既非 UTF-8 也非 GBK", "its name is neither UTF-8 nor GBK")


def _is_litter(path: str) -> bool:
    return any(step.startswith(".") or step.lower() in _LITTER for step in path.split("/"))


def _judge(path: str, entry: ZipInfo) -> None:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        raise _refusal(path, "是链接或特殊文件", "it is a link or a special file")
    if entry.flag_bits & _ENCRYPTED:
        raise _refusal(path, "已加密", "it is encrypted")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise _refusal(path, "压缩方式不支持，请用 Deflate", "not packed by Deflate")
    if path.lower().endswith(_ARCHIVES):
        raise _refusal(path, "压缩包里还有压缩包", "it is an archive within the archive")


def _read(archive: ZipFile, path: str, entry: ZipInfo) -> bytes:
    try:
        with archive.open(entry) as file:
            # Of a size: without one, zipfile would unpack all that there is before it cuts it off.
            data = file.read(entry.file_size)
    except _BROKEN:
        raise _refusal(path, "内容已损坏", "it is damaged") from None
    if len(data) != entry.file_size:
        raise _refusal(path, "内容已损坏", "it is damaged")
    return data


def _refusal(entry: str, zh: str, en: str) -> ArchiveInvalid:
    shown = entry if len(entry) <= _NAME_SHOWN else entry[:_NAME_SHOWN] + "…"
    return ArchiveInvalid(entry=shown, zh=zh, en=en)
