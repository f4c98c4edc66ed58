import base64
import binascii
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"
_SECRET_BYTES = 32
# Source: standardwebhooks.com, specification 1.0.0: "between 24 bytes and 64 bytes".
_SECRET_RANGE = range(24, 65)


def new_secret() -> str:
    """What the deliveries of a webhook are signed with, as its owner keeps it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether that is a secret as `new_secret` makes them."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(_PREFIX) and len(key) in _SECRET_RANGE


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a delivery. Source: standardwebhooks.com, specification 1.0.0."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    said = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
    signature = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
