import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote

from core.errors import GatewayError, Text
from proxy.body import Body, StoredBody

_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))""", re.IGNORECASE)
_PARAMETER = re.compile(r""";\s*([A-Za-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))""")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,5})\Z")
_MAX_HEADER_BYTES = 8_192
_MAX_PARTS = 32

# First bytes → extension and type, for files whose name says nothing.
_MAGIC = (
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"GIF8", "gif", "image/gif"),
    (b"BM", "bmp", "image/bmp"),
    (b"ID3", "mp3", "audio/mpeg"),
    (b"#!AMR", "amr", "audio/amr"),
)


class UploadIncomplete(GatewayError):
    """A form that ends before its closing boundary: its last part may be half a file."""

    status = 400
    code = "upload_incomplete"
    category = "media"
    errcode = 41005
    message = Text("上传的表单没有结束标记", "the form ends before its closing boundary")
    hint = Text("文件可能被截断，请重新上传", "the file may be cut short: upload it again")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part's place in the body, and its headers."""

    start: int  # of its headers
    data: int  # of its content
    headers: bytes
    end: int  # of its content

    @property
    def parameters(self) -> dict[str, str]:
        """Those of Content-Disposition."""
        line = self.line("content-disposition")
        return {name.lower(): (quoted or plain) for name, quoted, plain in _PARAMETER.findall(line)}

    def line(self, name: str) -> str:
        """The value of a header, empty if it is not there."""
        for line in self.headers.decode("utf-8", "surrogateescape").split("\r\n"):
            found, _, value = line.partition(":")
            if found.strip().lower() == name:
                return value.strip()
        return ""


class ReframedBody:
    """A body in which the headers of one part are replaced; all else is the original's bytes."""

    def __init__(self, body: StoredBody, part: _Part, headers: bytes) -> None:
        self._body = body
        self._start = part.start
        self._data = part.data
        self._headers = headers

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._start + len(self._headers) + self._body.size - self._data

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it, in pieces."""
        async for chunk in self._body.slice(0, self._start):
            yield chunk
        yield self._headers
        async for chunk in self._body.slice(self._data, self._body.size):
            yield chunk

    def close(self) -> None:
        """Close the original."""
        self._body.close()


async def mend_upload(body: StoredBody, content_type: str, *, part_name: str | None) -> Body:
    """The body as WeChat takes it: itself, unless the form of its file part would be refused.

    WeChat answers 41005 to a file part with `filename*`, a non-ASCII or no file name, or (where
    `part_name` is given) another name, and 40005 to one without a Content-Type, such as
    wechatpy's. Source: reference §2.9, users' reports. A form with more than one file, or that
    cannot be read, goes as it is: WeChat's own answer is the best one.
    Raises UploadIncomplete.
    """
    part = await _file_part(body, content_type)
    if part is None or _is_fine(part, part_name):
        return body
    return ReframedBody(body, part, await _mended(body, part, part_name))


class FilePart:
    """The one file of a form, whose bytes may be exchanged."""

    def __init__(self, body: StoredBody, part: _Part) -> None:
        self._body = body
        self._part = part

    @property
    def extension(self) -> str:
        """Of its name, in lower case: png; empty where there is none."""
        return _extension(self._part.parameters)

    async def read(self) -> bytes:
        """The file's bytes."""
        chunks = self._body.slice(self._part.data, self._part.end)
        return b"".join([chunk async for chunk in chunks])

    async def exchanged(self, data: bytes, filename: str, content_type: str) -> bytes:
        """The form with `data` in place of the file; its other parts keep every byte."""
        name = self._part.parameters.get("name", "media")
        headers = (
            f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        ).encode("utf-8", "surrogateescape")
        before = [chunk async for chunk in self._body.slice(0, self._part.start)]
        after = [chunk async for chunk in self._body.slice(self._part.end, self._body.size)]
        return b"".join([*before, headers, data, *after])


async def find_file(body: StoredBody, content_type: str) -> FilePart | None:
    """The form's file; None unless there is just one. Raises UploadIncomplete."""
    part = await _file_part(body, content_type)
    return None if part is None else FilePart(body, part)


async def _file_part(body: StoredBody, content_type: str) -> _Part | None:
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    parts = await _find_parts(body, b"--" + (found.group(1) or found.group(2)).encode("latin-1"))
    files = [part for part in parts if _is_file(part)]
    return files[0] if len(files) == 1 else None


def _is_file(part: _Part) -> bool:
    parameters = part.parameters
    if "filename" in parameters or "filename*" in parameters or parameters.get("name") == "media":
        return True
    kind = part.line("content-type")
    return bool(kind) and not kind.startswith(("text/", "application/json"))


def _is_fine(part: _Part, part_name: str | None) -> bool:
    parameters = part.parameters
    right_name = part_name is None or parameters.get("name") == part_name
    typed = bool(part.line("content-type"))
    return typed and right_name and _is_named(parameters) and "filename*" not in parameters


def _is_named(parameters: dict[str, str]) -> bool:
    filename = parameters.get("filename", "")
    return bool(filename) and filename.isascii()


def _extension(parameters: dict[str, str]) -> str:
    extended = unquote(parameters.get("filename*", "").rpartition("'")[2])
    written = _EXTENSION.search(parameters.get("filename") or extended)
    return "" if written is None else written.group(1).lower()


async def _mended(body: StoredBody, part: _Part, part_name: str | None) -> bytes:
    parameters = part.parameters
    name = part_name or parameters.get("name", "media")
    first = b""
    async for chunk in body.slice(part.data, part.data + 16):
        first += chunk
    extension, kind = "bin", "application/octet-stream"
    for magic, magic_extension, magic_kind in _MAGIC:
        if first.startswith(magic):
            extension, kind = magic_extension, magic_kind
    extension = _extension(parameters) or extension
    kind = part.line("content-type") or kind
    filename = parameters["filename"] if _is_named(parameters) else f"upload.{extension}"
    return (
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    ).encode("utf-8", "surrogateescape")


async def _find_parts(body: StoredBody, delimiter: bytes) -> list[_Part]:
    """The parts of the form; none if it is not one, or has too many or too long headers."""
    starts = await _find_delimiters(body, delimiter)
    if starts and not await _closes(body, starts[-1] + len(delimiter)):
        raise UploadIncomplete
    parts = []
    for start, following in pairwise(starts):
        header_start = start + len(delimiter) + 2
        head = b""
        async for chunk in body.slice(header_start, header_start + _MAX_HEADER_BYTES):
            head += chunk
        headers, separator, _ = head.partition(b"\r\n\r\n")
        if not separator:
            return []
        data = header_start + len(headers) + 4
        parts.append(_Part(header_start, data, headers, max(data, following - 2)))
    return parts


async def _closes(body: StoredBody, end: int) -> bool:
    """Whether the delimiter that ends at `end` is the form's last."""
    after = b"".join([chunk async for chunk in body.slice(end, min(end + 2, body.size))])
    return after == b"--"


async def _find_delimiters(body: StoredBody, delimiter: bytes) -> list[int]:
    """Where the delimiter lines stand; the closing one is the last."""
    needle = b"\r\n" + delimiter
    found: list[int] = []
    window = b"\r\n"  # the first delimiter may stand at the very start
    window_start = -2
    async for chunk in body.chunks():
        window += chunk
        at = window.find(needle)
        while at >= 0 and len(found) <= _MAX_PARTS:
            found.append(window_start + at + 2)
            at = window.find(needle, at + 1)
        kept = min(len(window), len(needle) - 1)
        window_start += len(window) - kept
        window = window[len(window) - kept :]
    return found if len(found) <= _MAX_PARTS else []
