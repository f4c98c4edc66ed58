import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"


def tc3_authorization(
    *,
    service: str,
    headers: Mapping[str, str],
    body: bytes,
    at: int,
    secret_id: str,
    secret_key: str,
) -> str:
    """The header Authorization of a POST to /; `at` is its X-TC-Timestamp.

    Of its headers those of `headers` are signed: content-type and host at least.
    Source: cloud.tencent.com/document/api/382/52072 (签名方法 v3).
    """
    signed = {name: headers[name].lower() for name in sorted(headers)}
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = "\n".join(("POST", "/", "", lines, names, hashlib.sha256(body).hexdigest()))
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    said = f"{ALGORITHM}\n{at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={secret_id}/{scope}"
    return f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
