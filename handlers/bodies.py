import re
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from core.errors import GatewayError, Text
from handlers.body_budget import Share

_MAX_FILES = 100
_MAX_NAME_CHARS = 512
_MAX_FAULTS_SHOWN = 5
_MAX_FAULTS = 1_000  # each is told as an object: a million of them would stop the process for long
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046
_TAIL_BYTES = 200  # holds the closing boundary and some white space

M = TypeVar("M", bound=BaseModel)


class RequestTooLarge(GatewayError):
    """The body is over the limit of its route."""

    status = 413
    code = "request_too_large"
    category = "params"
    message = Text("请求体超过 {max_mb} MB", "the request body is over {max_mb} MB")
    hint = Text("压缩图片，或改用图片 URL", "make the pictures smaller, or give their URLs")


class MediaTypeUnsupported(GatewayError):
    """The body is of a type that the route does not read."""

    status = 415
    code = "media_type_unsupported"
    category = "params"
    message = Text("不支持的 Content-Type", "this Content-Type is not taken")
    hint = Text("发送 {taken}", "send {taken}")


class JsonInvalid(GatewayError):
    """The body is not JSON."""

    status = 400
    code = "json_invalid"
    category = "params"
    message = Text("请求体不是合法的 JSON：{reason}", "the body is not valid JSON: {reason}")
    hint = Text("发送 UTF-8 编码的 JSON 对象", "send a JSON object in UTF-8")


class MultipartInvalid(GatewayError):
    """The multipart body is cut off, or not made as it should be."""

    status = 400
    code = "multipart_invalid"
    category = "params"
    message = Text("multipart 请求体有误：{reason}", "the multipart body is wrong: {reason}")
    hint = Text(
        "一个名为 article（批量时为 batch）的 JSON 部分，加上以 Markdown 中相对路径命名的文件部分",
        "one part named article (of a batch: batch) with JSON, and file parts named by the paths "
        "the Markdown uses",
    )


class FieldInvalid(GatewayError):
    """JSON that was understood, with a value that cannot be."""

    status = 422
    code = "field_invalid"
    category = "params"
    message = Text("字段无效：{reason}", "invalid field: {reason}")
    hint = Text("字段说明见 /docs", "see /docs for the fields")


@dataclass(frozen=True, slots=True)
class WithFiles:
    """A JSON document and the files that came along, by part name."""

    json: bytes
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form, as a browser sends it."""

    data: bytes = field(repr=False)
    name: str  # as the sender calls it; "" where it says nothing
    media_type: str


async def read_model(request: Request, model: type[M], *, max_bytes: int) -> M:
    """The JSON body as `model`. Raises the GatewayErrors of this file."""
    if media_type(request) != "application/json":
        raise MediaTypeUnsupported(taken="application/json")
    return parse_model(await _read(request, max_bytes, None), model)


async def read_if_any(request: Request, model: type[M], *, max_bytes: int) -> M:
    """As `read_model`; what `model` is by itself if the caller announced no body."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return model()
    return await read_model(request, model, max_bytes=max_bytes)


async def read_bytes(request: Request, *, max_bytes: int, share: Share) -> bytes:
    """The body as it is, of any type. Raises ServerBusy, RequestTooLarge."""
    return await _read(request, max_bytes, share)


async def read_with_files(
    request: Request,
    part: str,
    *,
    max_bytes: int,
    share: Share | None = None,
    max_files: int = _MAX_FILES,
) -> WithFiles:
    """A JSON body, or multipart/form-data of a JSON part named `part` and files.

    What it holds in memory counts on `share`. Raises ServerBusy and the errors of this file.
    """
    sent = media_type(request)
    if sent == "application/json":
        return WithFiles(await _read(request, max_bytes, share))
    if sent != "multipart/form-data":
        raise MediaTypeUnsupported(taken="application/json, multipart/form-data")
    return await _split(request, part, max_bytes, share, max_files)


async def read_upload(request: Request, part: str, *, max_bytes: int, share: Share) -> Upload:
    """The file in the part named `part`, the only one of a multipart/form-data body.

    Raises ServerBusy and the errors of this file.
    """
    if media_type(request) != "multipart/form-data":
        raise MediaTypeUnsupported(taken="multipart/form-data")
    async with _form(request, max_bytes, share, max_files=1) as form:
        sent = form.get(part)
        if not isinstance(sent, UploadFile):
            raise MultipartInvalid(reason=f"there is no file in a part named {part}")
        name = (sent.filename or "").encode("latin-1").decode("utf-8", "replace")
        return Upload(await sent.read(), name, sent.content_type or "")


def parse_model(body: bytes, model: type[M]) -> M:
    """`body` as `model`, without guessing: "1" is no number. Raises JsonInvalid, FieldInvalid."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as exc:
        raise refused(exc) from None


def refused(exc: ValidationError) -> GatewayError:
    """JsonInvalid or FieldInvalid, as their callers are told what is wrong."""
    if (count := exc.error_count()) > _MAX_FAULTS:
        return FieldInvalid(reason=f"{count} values are wrong or not known")
    faults = exc.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return JsonInvalid(reason=faults[0]["msg"].removeprefix("Invalid JSON: "))
    told = [
        ": ".join(filter(None, (_path(fault["loc"]), fault["msg"].removeprefix("Value error, "))))
        for fault in faults[:_MAX_FAULTS_SHOWN]
    ]
    return FieldInvalid(field=_path(faults[0]["loc"]) or None, reason="; ".join(told))


def _path(location: tuple[int | str, ...]) -> str:
    """("articles", 0, "title") as `articles[0].title`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step[:64]}" if path else step[:64]
    return path


def media_type(request: Request) -> str:
    """What the caller says its body is."""
    return request.headers.get("content-type", "").split(";", 1)[0].strip().lower()


async def _read(request: Request, max_bytes: int, share: Share | None) -> bytes:
    body = bytearray()
    async for chunk in _chunks(request, max_bytes, share):
        body += chunk
    return bytes(body)


async def _chunks(
    request: Request, max_bytes: int, share: Share | None
) -> AsyncGenerator[bytes, None]:
    """The body as it comes, within the limit of its route and the memory that is left."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeUnsupported(taken="Content-Encoding: identity")
    length = request.headers.get("content-length", "")
    # What is announced is taken at once: half of a body, and then no room, would help nobody.
    size, received = int(length) if length.isascii() and length.isdecimal() else 0, 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            size = max(size, received)
            if size > max_bytes:
                raise RequestTooLarge(max_mb=round(max_bytes / 1_000_000))
            if share is not None:
                share.reach(size)
            yield chunk
    except ClientDisconnect:
        raise MultipartInvalid(reason="the connection ended in the middle") from None


class _InMemory(MultiPartParser):
    # The size of the body is bounded: no working files.
    spool_max_size = 1 << 40

    def close(self) -> None:
        """Close every file: those of parts that never ended stand in no form."""
        for file in self._files_to_close_on_error:
            file.close()


async def _split(
    request: Request, part: str, max_bytes: int, share: Share | None, max_files: int
) -> WithFiles:
    async with _form(request, max_bytes, share, max_files) as form:
        files = await _files(form, part)
    if (document := files.pop(part, None)) is None:
        raise MultipartInvalid(reason=f"there is no part named {part}")
    return WithFiles(document, files)


@asynccontextmanager
async def _form(
    request: Request, max_bytes: int, share: Share | None, max_files: int
) -> AsyncGenerator[FormData, None]:
    """The parts of a whole multipart body, their names and texts in latin-1."""
    boundary = parse_options_header(request.headers["content-type"])[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise MultipartInvalid(reason="no boundary, or one with characters it must not have")
    tail = b""

    async def stream() -> AsyncGenerator[bytes, None]:
        nonlocal tail
        async for chunk in _chunks(request, max_bytes, share):
            tail = (tail + chunk[-_TAIL_BYTES:])[-_TAIL_BYTES:]
            yield chunk

    # Whatever charset the caller names, names and JSON are UTF-8. The parser is to decode as
    # latin-1, which keeps each byte; it would put up with what is not UTF-8.
    content_type = b'multipart/form-data; charset=latin-1; boundary="%b"' % boundary
    parser = _InMemory(
        Headers(raw=[(b"content-type", content_type)]),
        stream(),
        max_files=max_files,
        max_fields=1,
        max_part_size=max_bytes,
    )
    try:
        form = await parser.parse()
        # The parser takes a body that was cut off for a whole one with fewer parts.
        if not tail.rstrip(b" \t\r\n").endswith(b"--" + boundary + b"--"):
            raise MultipartInvalid(reason="it ends before its closing boundary")
        yield form
    except MultiPartException as exc:
        raise MultipartInvalid(reason=exc.message) from None
    finally:
        parser.close()


async def _files(form: FormData, document: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for raw_name, value in form.multi_items():
        name = _part_name(raw_name)
        if name in files:
            raise MultipartInvalid(reason=f"part twice: {name[:64]}")
        if isinstance(value, UploadFile):
            files[name] = await value.read()
            await value.close()  # its copy of the file goes now, not with the last one's
        elif name == document:
            files[name] = value.encode("latin-1")
        else:
            raise MultipartInvalid(reason=f"part {name[:64]} has no filename")
    return files


def _part_name(raw: str) -> str:
    try:
        name = raw.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise MultipartInvalid(reason="a part's name is not UTF-8") from None
    if not 0 < len(name) <= _MAX_NAME_CHARS:
        raise MultipartInvalid(reason=f"part name empty or too long: {name[:64]}")
    if any(unicodedata.category(char) == "Cc" for char in name):
        raise MultipartInvalid(reason="a part's name holds a control character")
    return name
