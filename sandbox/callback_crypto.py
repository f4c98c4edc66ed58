import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_PAD_TO = 32  # PKCS#7 to the key's length, not to AES's block of 16


def signature(*parts: str) -> str:
    """SHA-1 of the sorted parts: token, timestamp, nonce and, in safe mode, the cipher text.

    Source: doc guide/dev/push/encryption, vectors in wechat-api.md, section 6.
    """
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(message: str, *, encoding_aes_key: str, app_id: str, random16: bytes) -> str:
    """The base64 text that stands in <Encrypt> of a push in safe mode."""
    key = base64.b64decode(encoding_aes_key + "=")
    data = message.encode()
    plain = random16 + len(data).to_bytes(4, "big") + data + app_id.encode()
    padding = _PAD_TO - len(plain) % _PAD_TO
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()
    return base64.b64encode(sealed).decode()
