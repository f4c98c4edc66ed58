import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import GatewayError, Text

MIN_PASSPHRASE_CHARS = 12
_MAGIC = b"WXGATE-SEALED-1\n"
_CHUNK_BYTES = 65_536
_TAG_BYTES = 16
_SALT_BYTES = 16
_PREFIX_BYTES = 7
# RFC 7914's interactive cost doubled: 32 MB and a tenth of a second a guess.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1


class BackupUnreadable(GatewayError):
    """A file is no backup, or not a whole one, or sealed by another passphrase."""

    code = "backup_unreadable"
    category = "system"
    message = Text("读不了备份 {path}：{zh}", "the backup {path} cannot be read: {en}")
    hint = Text(
        "换一份备份；加密的要用当时的 --passphrase-file",
        "take another backup; one that is encrypted wants the --passphrase-file it was made with",
    )


@contextmanager
def writing(path: Path, passphrase: str = "") -> Iterator[BinaryIO]:
    """A compressed file, sealed where there is a passphrase; there only if all went well.

    Nobody but its owner can read it, whatever the umask. Raises OSError; FileExistsError where
    there is one already.
    """
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sealed = _Sealing(file, passphrase) if passphrase else None
            with gzip.GzipFile(fileobj=sealed or file, mode="wb", mtime=0) as packed:
                yield cast(BinaryIO, packed)
            if sealed is not None:
                sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # fails if it is there; a rename would overwrite it
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def reading(path: Path, passphrase: str = "") -> Iterator[BinaryIO]:
    """What was written there. Raises BackupUnreadable, while it is read too."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
            if not head:
                raise BackupUnreadable(path=path, zh="空文件", en="it is empty")
            if head == _MAGIC:
                source: BinaryIO = cast(BinaryIO, io.BufferedReader(_Opening(file, passphrase)))
            else:
                file.seek(0)
                source = file
            with gzip.GzipFile(fileobj=source) as packed:
                yield cast(BinaryIO, packed)
    except InvalidTag:
        zh, en = "口令不对，或文件被改动、截断", "wrong passphrase, or it was changed or cut"
        raise BackupUnreadable(path=path, zh=zh, en=en) from None
    except (OSError, EOFError, zlib.error) as exc:  # of gzip too
        said = getattr(exc, "strerror", None) or str(exc)
        raise BackupUnreadable(path=path, zh=said, en=said) from None


def _key(passphrase: str, salt: bytes) -> AESGCM:
    if len(passphrase) < MIN_PASSPHRASE_CHARS:
        raise InvalidTag
    cost = {"n": _SCRYPT_N, "r": _SCRYPT_R, "p": _SCRYPT_P, "maxmem": 2**26}
    return AESGCM(hashlib.scrypt(passphrase.encode(), salt=salt, dklen=32, **cost))


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    """As in STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): chunks cannot be cut or swapped."""
    return prefix + number.to_bytes(4, "big") + bytes([last])


class _Sealing(io.RawIOBase):
    """Seals what is written, chunk by chunk."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt, self._prefix = os.urandom(_SALT_BYTES), os.urandom(_PREFIX_BYTES)
        self._cipher = _key(passphrase, salt)
        self._file = file
        self._waiting = bytearray()
        self._number = 0
        file.write(_MAGIC + salt + self._prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        given = memoryview(data)  # type: ignore[arg-type]
        self._waiting += given
        while len(self._waiting) > _CHUNK_BYTES:  # the last chunk is never empty of a known end
            self._put(bytes(self._waiting[:_CHUNK_BYTES]), last=False)
            del self._waiting[:_CHUNK_BYTES]
        return given.nbytes

    def finish(self) -> None:
        """Write what is left, as the end."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, chunk, None))
        self._number += 1


class _Opening(io.RawIOBase):
    """Opens what was sealed; raises InvalidTag where it is not as it was."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt, self._prefix = file.read(_SALT_BYTES), file.read(_PREFIX_BYTES)
        self._cipher = _key(passphrase, salt)
        self._file = file
        self._next = file.read(_CHUNK_BYTES + _TAG_BYTES)
        self._number = 0
        self._opened = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]
        if not self._opened and self._next:
            chunk, self._next = self._next, self._file.read(_CHUNK_BYTES + _TAG_BYTES)
            nonce = _nonce(self._prefix, self._number, last=not self._next)
            self._opened = self._cipher.decrypt(nonce, chunk, None)
            self._number += 1
        count = min(len(target), len(self._opened))
        target[:count], self._opened = self._opened[:count], self._opened[count:]
        return count
