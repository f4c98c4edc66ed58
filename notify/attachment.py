"""What may be attached to a message, and what it may be called."""

import mimetypes
import re
import unicodedata

MAX_ATTACHMENT_BYTES = 10_000_000
# All files of a message before they are encoded for the way, which makes them a third larger:
# Gmail takes 25 MB, QQ and NetEase 50.
MAX_MESSAGE_BYTES = 20_000_000
MAX_ATTACHMENTS = 20

_MAX_NAME_CHARS = 200
_MAX_NAME_BYTES = 240  # most file systems stop at 255, and a mail program adds " (1)"
_UNNAMED = "attachment"
_BYTES = "application/octet-stream"
# A multipart or message part would be taken apart by whoever reads the mail.
_MEDIA_TYPE = re.compile(r"(?!multipart/|message/)[a-z]{1,20}/[a-z0-9][a-z0-9!#$&^_.+-]{0,76}")


def clean_name(name: str) -> str:
    """What a file is to be called: its last path segment, of one line, without tricks.

    Without control and formatting characters: one of those shows `exe.txt` for what is `txt.exe`.
    """
    last = re.split(r"[/\\]", name)[-1]
    shown = unicodedata.normalize("NFC", last.encode("utf-8", "replace").decode("utf-8"))
    kept = "".join(char for char in shown if unicodedata.category(char) not in _NOT_SHOWN)
    return _shortened(kept.strip(" .")) or _UNNAMED


_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _shortened(name: str) -> str:
    """`name` within its limits; what tells its type, at the end, stays."""
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = _MAX_NAME_BYTES - len((dot + ending).encode())
    stem = stem[:_MAX_NAME_CHARS].encode()[:room].decode("utf-8", "ignore")
    return stem + dot + ending


def clean_media_type(media_type: str, name: str) -> str:
    """The media type that its sender names, else the one of such names, else just bytes."""
    said = media_type.partition(";")[0].strip().lower()
    if said != _BYTES and _MEDIA_TYPE.fullmatch(said):
        return said
    guessed, encoding = mimetypes.guess_type(name, strict=True)
    return guessed if guessed and not encoding else _BYTES
