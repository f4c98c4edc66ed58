"""A message as the bytes of a mail."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from notify.attachment import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, MAX_MESSAGE_BYTES
from notify.email.addresses import Address
from notify.email.headers import file_parameters, mailbox, one_line, structured, unstructured
from notify.message import Attachment, Message

_MAX_SUBJECT_CHARS = 300
_MAX_LINE = 900  # RFC 5322: 998
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOBODY = "undisclosed-recipients:;"


class TooLarge(ValueError):
    """The message is over a limit; `reason` is for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends it, and whom its reader sees that it went to."""

    sender: Address
    sender_name: str
    to: Sequence[Address]
    cc: Sequence[Address] = ()
    reply_to: Address | None = None
    domain: str = ""  # of the Message-ID: the same whichever account sends it; empty: the sender's
    unsubscribe: str = ""  # mailto: or https: of List-Unsubscribe


def check_size(message: Message) -> None:
    """Raises TooLarge."""
    files = message.attachments
    if len(files) > MAX_ATTACHMENTS:
        raise TooLarge(f"{len(files)} attachments, at most {MAX_ATTACHMENTS}")
    for each in files:
        if len(each.data) > MAX_ATTACHMENT_BYTES:
            raise TooLarge(f"an attachment is over {MAX_ATTACHMENT_BYTES // 1_000_000} MB")
    texts = len(message.text.encode("utf-8", "replace") + message.html.encode("utf-8", "replace"))
    if texts + sum(len(each.data) for each in files) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"the message is over {MAX_MESSAGE_BYTES // 1_000_000} MB")


def build_mail(message: Message, envelope: Envelope) -> bytes:
    """The mail, its lines ended by CRLF. The same message makes the same bytes at each attempt.

    Nothing in it names who gets a blind copy. Raises TooLarge.
    """
    check_size(message)
    return b"".join([*_headers(message, envelope), _body(message)])


def _headers(message: Message, envelope: Envelope) -> Iterable[bytes]:
    sender = envelope.sender
    yield structured("From", [mailbox(envelope.sender_name, str(sender))])
    yield structured("To", [str(each) for each in envelope.to] or [_NOBODY])
    if envelope.cc:
        yield structured("Cc", [str(each) for each in envelope.cc])
    if envelope.reply_to is not None:
        yield structured("Reply-To", [str(envelope.reply_to)])
    yield unstructured("Subject", _subject(message.subject))
    sent_at = datetime.fromtimestamp(message.created_at, UTC)
    yield structured("Date", [format_datetime(sent_at)])
    yield structured("Message-ID", [f"<{message.id}@{envelope.domain or sender.domain}>"])
    # RFC 3834, and what Exchange goes by: who is on holiday need not tell a gateway.
    yield b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
    if envelope.unsubscribe:
        yield from _unsubscribe(envelope.unsubscribe)
    if message.severity in ("error", "critical"):
        yield b"X-Priority: 1\r\nImportance: high\r\n"
    yield (
        b"Content-Language: zh-CN\r\n" if message.language == "zh" else b"Content-Language: en\r\n"
    )
    yield b"MIME-Version: 1.0\r\n"


def _subject(subject: str) -> str:
    line = one_line(subject)
    return line if len(line) <= _MAX_SUBJECT_CHARS else line[: _MAX_SUBJECT_CHARS - 1] + "…"


def _unsubscribe(where: str) -> Iterable[bytes]:
    yield structured("List-Unsubscribe", [f"<{where}>"])
    if where.startswith("https:"):  # RFC 8058
        yield b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _body(message: Message) -> bytes:
    readable = _text("plain", message.text)
    if message.html:
        both = [readable, _text("html", message.html)]
        readable = _multipart("alternative", both, f"{message.id}.a")
    if not message.attachments:
        return readable
    files = [_file(each) for each in message.attachments]
    return _multipart("mixed", [readable, *files], f"{message.id}.m")


def _multipart(subtype: str, parts: Iterable[bytes], name: str) -> bytes:
    # No part has a line that begins so: encoded ones have no "=_", and texts are encoded if any.
    boundary = f"=_{name}"
    head = structured("Content-Type", [f"multipart/{subtype}", f'boundary="{boundary}"'], ";")
    between = b"--" + boundary.encode("ascii")
    body = b"".join(between + b"\r\n" + part for part in parts)
    return head + b"\r\n" + body + between + b"--\r\n"


def _text(subtype: str, text: str) -> bytes:
    """As it is where that is safe: spam filters look askance at ASCII in base64."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    lines = _LINE_END.split(text)
    body = "\r\n".join(lines)
    head = structured("Content-Type", [f"text/{subtype}", "charset=utf-8"], ";")
    plain = (
        body.isascii()
        and "\0" not in body
        and not any(len(line) > _MAX_LINE or line.startswith("--=_") for line in lines)
    )
    if plain:
        return head + b"Content-Transfer-Encoding: 7bit\r\n\r\n" + body.encode("ascii") + b"\r\n"
    return head + _in_base64(body.encode())


def _file(attached: Attachment) -> bytes:
    type_names, disposition_names = file_parameters(attached.name)
    types = [attached.media_type, *type_names]
    if attached.media_type.startswith("text/") and _is_utf8(attached.data):
        types.insert(1, "charset=utf-8")
    return (
        structured("Content-Type", types, ";")
        + structured("Content-Disposition", ["attachment", *disposition_names], ";")
        + _in_base64(attached.data)
    )


def _in_base64(data: bytes) -> bytes:
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return b"Content-Transfer-Encoding: base64\r\n\r\n" + (lines or b"\r\n")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
