"""The caller's side of a signature: what `wxgate sign` prints (contract §2)."""

import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from accounts.keys import claimed_by
from proxy.request import Inbound, Query
from proxy.signature import content_digest, sign, signature_base
from proxy.structured import SignatureInput

LABEL = "sig1"


class CannotSign(Exception):
    """The request or the key is none that can be signed; says why in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class ToSign:
    """A request as it will be sent."""

    method: str
    url: str  # with its host, percent-encoded
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)  # to be covered too


@dataclass(frozen=True)
class SignedHeaders:
    """What makes a request a signed one."""

    headers: dict[str, str]  # those of the request, and the three of the signature
    base: str  # what the signature was made over


def sign_request(request: ToSign, key: str, *, created: int, nonce: str) -> SignedHeaders:
    """Sign method, path, query, body and all given headers. Raises CannotSign."""
    client_id = claimed_by(key)
    if not client_id:
        raise CannotSign(
            "用 --key 或 WXGATE_KEY 给出密钥，形如 wxg_<id>_…",
            "give a --key (or WXGATE_KEY), which looks like wxg_<id>_…",
        )
    if not (request.url.isascii() and request.url.isprintable()) or " " in request.url:
        raise CannotSign(
            "URL 中的非 ASCII 字符与空格要先转义（%XX）",
            "percent-encode what is not ASCII, and spaces, in the URL",
        )
    if not request.url.startswith(("http://", "https://")):
        raise CannotSign(
            "URL 应以 http(s):// 开头，或写成以 / 开头的路径",
            "the URL begins with http(s)://, or is a path that begins with /",
        )
    headers = dict(request.headers)
    if request.body is not None:
        headers["Content-Digest"] = content_digest(request.body).decode()
    parts = urlsplit(request.url)
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    covered = ("@method", "@path", "@query", *(name.lower() for name in headers))
    given = SignatureInput(
        LABEL.encode(),
        tuple(f'"{name}"'.encode() for name in covered),
        {
            b"created": b"%d" % created,
            b"nonce": f'"{nonce}"'.encode(),
            b"keyid": f'"{client_id}"'.encode(),
            b"alg": b'"hmac-sha256"',
        },
    )
    path, query = (parts.path or "/").encode(), Query(parts.query.encode())
    inbound = Inbound(request.method, path, query, dict(lines), None, lines=lines)
    base = signature_base(inbound, given)
    headers["Signature-Input"] = f"{LABEL}={given.serialised().decode()}"
    headers["Signature"] = f"{LABEL}=:{sign(base, key.encode()).decode()}:"
    return SignedHeaders(headers, base.decode())


def curl_command(request: ToSign, signed: SignedHeaders, data: str) -> str:
    """The request as one curl command; `data` is what stands behind --data-binary, or empty."""
    # As it was signed: curl would else resolve dots in the path and expand brackets.
    words = ["curl", "--path-as-is", "--globoff", "-X", request.method, request.url]
    for name, value in signed.headers.items():
        words += ["-H", f"{name}: {value}"]
    if data:
        words += ["--data-binary", data]
    return shlex.join(words)
