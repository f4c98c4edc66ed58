import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16
_PAD_TO = 32  # PKCS#7 to the key's length, not to AES's block
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4


class PushForged(Exception):
    """A push that WeChat did not make for this account, by what is said in the message."""


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts: token, timestamp, nonce and, in safe mode, the cipher text.

    Source: doc guide/dev/push/encryption, vectors in wechat-api.md, section 6.
    """
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def check_signature(said: str, tokens: Iterable[str], *parts: str) -> None:
    """Raise PushForged unless `said` signs `parts` under one of `tokens`; empty ones sign nothing.

    All are compared, in constant time.
    """
    given = said.encode("utf-8", "surrogatepass")
    fits = [
        hmac.compare_digest(signature(token, *parts).encode(), given) for token in tokens if token
    ]
    if not any(fits):
        raise PushForged("the signature does not fit")


def seal(message: bytes, *, encoding_aes_key: str, app_id: str, random16: bytes) -> str:
    """The base64 text that stands in Encrypt, of a push as of a reply."""
    plain = random16 + len(message).to_bytes(_LENGTH_BYTES, "big") + message + app_id.encode()
    padding = _PAD_TO - len(plain) % _PAD_TO
    encryptor = _cipher(encoding_aes_key).encryptor()
    sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def unseal(sealed: str, *, encoding_aes_keys: Iterable[str], app_id: str) -> bytes:
    """The message in Encrypt, by whichever key opens it. Raises PushForged.

    Call it only for what is signed: who may try texts out learns from the answers (padding oracle).
    """
    try:
        cipher_text = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raise PushForged("Encrypt is not base64") from None
    if not cipher_text or len(cipher_text) % _BLOCK:
        raise PushForged("Encrypt is not whole blocks")
    for key in encoding_aes_keys:
        message = _opened(cipher_text, key, app_id) if key else None
        if message is not None:
            return message
    raise PushForged("no EncodingAESKey of this account opens it")


def _opened(cipher_text: bytes, encoding_aes_key: str, app_id: str) -> bytes | None:
    decryptor = _cipher(encoding_aes_key).decryptor()
    padded = decryptor.update(cipher_text) + decryptor.finalize()
    padding = padded[-1]
    if not 1 <= padding <= _PAD_TO or padded[-padding:] != bytes([padding]) * padding:
        return None
    plain = padded[_RANDOM_BYTES:-padding]
    end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
    if len(plain) < _LENGTH_BYTES or plain[end:] != app_id.encode():
        return None
    return plain[_LENGTH_BYTES:end]


def _cipher(encoding_aes_key: str) -> Cipher[modes.CBC]:
    # Of the 43rd character only four bits count, and WeChat makes keys where the others are set.
    key = base64.b64decode(encoding_aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:_BLOCK]))
