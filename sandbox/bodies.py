import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

from sandbox.answers import Refused

# An escape of the form backslash-u whose backslash is not itself escaped.
_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u")
_NAMES = re.compile(rb'(?i);\s*(name|filename)="?([^";]*)"?')


def has_escapes(body: bytes) -> bool:
    """Whether a JSON text spells characters as backslash-u escapes."""
    return _ESCAPE.search(body.decode("utf-8", "replace")) is not None


def read_json(body: bytes) -> dict[str, Any]:
    r"""The JSON object in `body`, read as WeChat's drafts are: `\uXXXX` stays six characters.

    Raises Refused: 44002 for an empty body, 47001 for one that is no JSON object in UTF-8.
    """
    if not body:
        raise Refused(44002)
    try:
        text = _ESCAPE.sub(r"\1\\\\u", body.decode("utf-8"))
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(47001) from None
    if not isinstance(data, dict):
        raise Refused(47001)
    return data


def _no_constant(name: str) -> Never:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The part `media` of an upload."""

    filename: str
    content_type: str  # as the part says; may be empty
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body that WeChat would take."""

    media: UploadedFile
    fields: Mapping[str, str]  # parts without a file name


def read_form(content_type: str, body: bytes) -> Form:
    """The parts of an upload.

    Raises Refused 41005 wherever WeChat finds no media: no part of that name, no file name, one
    in RFC 5987 form or with bytes outside of ASCII, no bytes, no closing boundary.
    """
    media: UploadedFile | None = None
    fields: dict[str, str] = {}
    for headers, data in _parts(content_type, body):
        disposition = headers.get("content-disposition", b"")
        if b"filename*" in disposition.lower() or not disposition.isascii():
            raise Refused(41005)
        names = {key.lower(): value for key, value in _NAMES.findall(disposition)}
        name, filename = names.get(b"name", b""), names.get(b"filename")
        if filename is None:
            fields[name.decode()] = data.decode("utf-8", "replace")
        elif name == b"media" and filename and data:
            part_type = headers.get("content-type", b"").decode("latin-1")
            media = UploadedFile(filename.decode(), part_type, data)
    if media is None:
        raise Refused(41005)
    return Form(media, fields)


def _parts(content_type: str, body: bytes) -> list[tuple[dict[str, bytes], bytes]]:
    kind, _, parameters = content_type.partition(";")
    found = re.search(r'boundary="?([^";,\s]+)"?', parameters)
    if kind.strip().lower() != "multipart/form-data" or found is None:
        raise Refused(41005)
    # With a line break in front the first boundary looks like all others.
    pieces = (b"\r\n" + body).split(b"\r\n--" + found.group(1).encode("latin-1"))
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Refused(41005)
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> tuple[dict[str, bytes], bytes]:
    head, separator, data = piece.partition(b"\r\n\r\n")
    if not separator:
        raise Refused(41005)
    headers = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        headers[name.strip().lower().decode("latin-1")] = value.strip()
    return headers, data
