"""Signed requests: RFC 9421 with hmac-sha256, RFC 9530 for the body."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Generator, Mapping
from urllib.parse import urlsplit

import httpx

_COVERED = ("content-type", "idempotency-key", "x-wxgate-account")
_NONCE_BYTES = 16


def signed_headers(
    request: tuple[str, str],
    headers: Mapping[str, str],
    body: bytes | None,
    key: str,
    when: int,
    nonce: str,
) -> dict[str, str]:
    """What makes a request (method, percent-encoded URL) a signed one: the headers to add.

    Covers method, path, query, all of `headers` and the body. `when` is Unix time; the gateway
    takes it within five minutes, and each `nonce` once.
    """
    method, url = request
    parts = urlsplit(url)
    added: dict[str, str] = {}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        added["Content-Digest"] = f"sha-256=:{digest}:"
    lines = {
        "@method": method,
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
        **{name.lower(): value.strip() for name, value in {**headers, **added}.items()},
    }
    covered = " ".join(f'"{name}"' for name in lines)
    params = (
        f'({covered});created={when};nonce="{nonce}";keyid="{_client_of(key)}";alg="hmac-sha256"'
    )
    base = "".join(f'"{name}": {value}\n' for name, value in lines.items())
    base += f'"@signature-params": {params}'
    signature = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()
    return {**added, "Signature-Input": f"sig1={params}", "Signature": f"sig1=:{signature}:"}


def _client_of(key: str) -> str:
    """The client's id: it stands between the first two underscores."""
    return key.split("_", 2)[1] if key.count("_") >= 2 else ""


class Signature(httpx.Auth):
    """Signs each request anew, a repeated one too: the key itself never travels."""

    requires_request_body = True

    def __init__(self, key: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature."""
        headers = {name: request.headers[name] for name in _COVERED if name in request.headers}
        target = request.url.raw_path.decode("ascii")
        request.headers.update(
            signed_headers(
                *((request.method, target), headers, request.content or None, self._key),
                *(int(self._clock()), secrets.token_hex(_NONCE_BYTES)),
            )
        )
        yield request
