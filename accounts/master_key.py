import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field

from core.errors import GatewayError, Text

_KEY_BYTES = 32
_FINGERPRINTS = b"wxgate fingerprints"
_NONCE_BYTES = 12  # NIST SP 800-38D: 96 random bits


class SecretsSettings(BaseModel):
    """`[secrets]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    master_key_file: str = Field(
        "", description="32 random bytes as 64 hex digits; empty: data_dir/master.key, made once"
    )


class BadMasterKey(GatewayError):
    """The master key cannot be read; the process must not start without it."""

    code = "master_key_invalid"
    message = Text("主密钥不可用：{path}：{reason}", "the master key is unusable: {path}: {reason}")
    hint = Text(
        "文件内容应为 64 个十六进制字符，权限 0600；可用 openssl rand -hex 32 生成",
        "the file holds 64 hex digits with mode 0600; make one with: openssl rand -hex 32",
    )


class Sealer:
    """Seals small texts so that only holders of the master key can read or make them.

    AES-256-GCM with a random 96-bit nonce; `aad` is bound in, so that what was sealed for one
    purpose does not open for another.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._fingerprint_key = HKDF(SHA256(), 32, salt=None, info=_FINGERPRINTS).derive(key)

    def seal(self, text: bytes, *, aad: bytes) -> bytes:
        """Nonce, cipher text and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text, aad)

    def open(self, sealed: bytes, *, aad: bytes) -> bytes | None:
        """What was sealed, or None if it was not sealed with this key for this `aad`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):
            return None

    def fingerprint(self, text: bytes) -> str:
        """The same for the same text under one master key; it tells nobody else anything."""
        return hmac.new(self._fingerprint_key, text, hashlib.sha256).hexdigest()


def load_master_key(settings: SecretsSettings, data_dir: Path) -> bytes:
    """The master key's 32 bytes; made in `data_dir` if no file is named. Raises BadMasterKey."""
    if settings.master_key_file:
        return read_master_key(Path(settings.master_key_file))
    path = data_dir / "master.key"
    try:
        _create_once(path)
    except OSError as exc:
        raise BadMasterKey(path=path, reason=exc.strerror) from None
    return read_master_key(path)


def read_master_key(path: Path) -> bytes:
    """The 32 bytes that stand in a file as 64 hex digits. Raises BadMasterKey."""
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not 64 hex digits"
        raise BadMasterKey(path=path, reason=reason) from None
    if len(key) != _KEY_BYTES:
        raise BadMasterKey(path=path, reason=f"{len(key)} bytes, not {_KEY_BYTES}")
    return key


def _create_once(path: Path) -> None:
    """Write a new key unless there is one; two processes at once agree on the first's."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by pid: in two containers on one volume it is the same.
    draft = path.with_name(f".master.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(os.urandom(_KEY_BYTES).hex() + "\n")
    try:
        os.link(draft, path)  # fails if another process was first; a rename would overwrite
    except FileExistsError:
        pass
    finally:
        draft.unlink()
