import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Parameters as Alibaba Cloud signs them: sorted, RFC 3986."""
    return "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))


def acs3_headers(  # noqa: PLR0913 - each is signed
    *,
    host: str,
    action: str,
    version: str,
    query: str,
    nonce: str,
    at: float,
    access_key_id: str,
    access_key_secret: str,
) -> dict[str, str]:
    """The headers of a POST to / without a body.

    Source: help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature.
    """
    digest = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n{query}\n{lines}\n{names}\n{digest}"
    said = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(access_key_secret.encode(), said.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"{ALGORITHM} Credential={access_key_id},SignedHeaders={names},Signature={signature}"
    )
    return {**headers, "Authorization": authorization}


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
