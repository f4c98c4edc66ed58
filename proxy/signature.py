import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from core.clock import Clock, rfc3339
from core.errors import Category, GatewayError, Text
from core.secret import redact
from proxy.request import Inbound
from proxy.structured import (
    SeveralMembers,
    SignatureInput,
    Unreadable,
    read_digest,
    read_signature,
    read_signature_input,
)

ALGORITHM = "hmac-sha256"
REQUIRED = (b'"@method"', b'"@path"', b'"@query"')
DIGEST = b'"content-digest"'
ACCOUNT = b'"x-wxgate-account"'
_PARAMETERS = frozenset({b"created", b"expires", b"nonce", b"keyid", b"alg", b"tag"})
_HEADER_NAME = re.compile(rb'"([a-z0-9!#$%&\'*+.^_`|~-]{1,64})"')
_UNIX_TIME = re.compile(rb"[0-9]{10}")  # what int() takes besides is no time: 1_700, full-width
_NONCE = re.compile(r"[!-~]{16,128}")
_FIELD_TEXT = re.compile(rb"[\t -~]*")
_LONGEST_ID = 32
_LIVE_KEYS = 2  # of one client, at most: the new one and, for a while, the one before
_NO_KEY = b"nobody's key, so that an unknown client costs as much as a wrong signature"


class SignatureRefused(GatewayError):
    """A signed request that is not taken."""

    status = 401
    category: ClassVar[Category] = "auth"
    errcode = 40125


class SignatureWrong(SignatureRefused):
    """It is not what any key of that client makes; also said of a client that there is not."""

    code = "auth_signature_invalid"
    message = Text("请求签名不正确", "the request's signature is wrong")
    hint = Text(
        "用 wxgate sign --base 打印签名原文，与自己的逐字节比对；密钥要用完整的 wxg_…",
        "compare your signature base with `wxgate sign --base` byte by byte; sign with the whole "
        "key wxg_…",
    )

    def __init__(self, claimed: str = "") -> None:
        super().__init__()
        self.claimed = claimed  # whose signature it should be


class SignatureMalformed(SignatureRefused):
    """Signature-Input or Signature cannot be read, or asks for what is not offered."""

    code = "auth_signature_invalid"
    message = Text("请求签名的格式不对（{problem}）", "the signature cannot be read ({problem})")
    hint = Text(
        "需要 Signature-Input 与 Signature 各一个，alg 为 hmac-sha256；格式见文档「签名」",
        "send one Signature-Input and one Signature, alg hmac-sha256; see the page on signing",
    )


class SeveralSignatures(SignatureRefused):
    """More than one signature: which of them counts would be a guess."""

    status = 400
    code = "auth_ambiguous"
    message = Text("请求里有多个签名", "the request carries several signatures")
    hint = Text("只保留一个", "keep one of them")


class ComponentsMissing(SignatureRefused):
    """What must be covered by the signature is not."""

    code = "auth_components_missing"
    message = Text("签名没有覆盖 {missing}", "the signature does not cover {missing}")
    hint = Text(
        "把它们加入 Signature-Input 的括号里再签名",
        "add them inside the parentheses of Signature-Input and sign again",
    )


class ComponentUnusable(SignatureRefused):
    """The signature covers what the gateway cannot know, or what is not there."""

    code = "auth_component_unusable"
    message = Text("无法核对签名覆盖的 {component}", "cannot tell the covered {component}")
    hint = Text(
        "可用 @method @path @query @authority，以及请求里确有的请求头，不带参数",
        "use @method @path @query @authority and headers that are there, without parameters",
    )


class TimestampInvalid(SignatureRefused):
    """`created` or `expires` is no Unix time."""

    code = "auth_timestamp_invalid"
    message = Text("签名的 {name} 不是十位 Unix 秒数", "{name} is not ten digits of Unix time")
    hint = Text("例如 created=1795300000", "such as created=1795300000")


class TimestampSkew(SignatureRefused):
    """Signed too long ago, or by a clock that is ahead."""

    code = "auth_timestamp_skew"
    message = Text(
        "签名时间与服务器时间 {server} 相差超过 {max_skew_s} 秒",
        "signed more than {max_skew_s} s away from the server's time, {server}",
    )
    hint = Text("校准本机时钟（NTP），然后重新签名", "set your clock (NTP), then sign again")


class SignatureExpired(SignatureRefused):
    """Past the `expires` that the caller itself set."""

    code = "auth_signature_expired"
    message = Text(
        "签名已过 expires；服务器时间是 {server}",
        "the signature is past its expires; the server's time is {server}",
    )
    hint = Text("重新签名", "sign again")


class NonceInvalid(SignatureRefused):
    """No nonce, or one too short to be unique."""

    code = "auth_nonce_invalid"
    message = Text(
        "签名的 nonce 应为 16 到 128 个可见 ASCII 字符",
        "the nonce must be 16 to 128 visible ASCII characters",
    )
    hint = Text("每次请求用新的随机值", "use a new random value for each request")


class DigestMissing(SignatureRefused):
    """A body without Content-Digest."""

    code = "content_digest_missing"
    message = Text("带请求体的签名请求缺少 Content-Digest", "a signed body needs Content-Digest")
    hint = Text(
        "加上 Content-Digest: sha-256=:<Base64>:，并让签名覆盖它",
        "add Content-Digest: sha-256=:<Base64>: and let the signature cover it",
    )


class DigestMalformed(SignatureRefused):
    """Not exactly one SHA-256."""

    code = "content_digest_wrong"
    message = Text("Content-Digest 无法识别", "Content-Digest cannot be read")
    hint = Text("只写一个 sha-256=:<32 字节的 Base64>:", "give one sha-256=:<Base64 of 32 bytes>:")


class DigestWrong(SignatureRefused):
    """The body is not the one that was signed."""

    code = "content_digest_wrong"
    message = Text("请求体与 Content-Digest 不符", "the body does not match its Content-Digest")
    hint = Text(
        "对真正发送的字节计算 SHA-256；检查中间的代理是否改写了请求体",
        "hash the very bytes that are sent; look for a proxy that rewrites bodies",
    )


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose head was signed with a key of `client_id`; its body is still to come."""

    client_id: str
    key: bytes  # that the signature was made with
    nonce: str
    created: int  # Unix time, by the caller's clock
    digest: bytes | None  # Base64 of the body's SHA-256, None where there is no body

    def check_body(self, sha256: bytes) -> None:
        """Raises DigestWrong unless the body, whose SHA-256 this is, was signed."""
        if self.digest is not None and not hmac.compare_digest(_base64(sha256), self.digest):
            raise DigestWrong


class SignatureVerifier:
    """Verifies RFC 9421 signatures of requests, all but the body and the nonce (contract §2).

    `keys_of` gives the live keys of a client, none for one that there is not.
    """

    def __init__(
        self,
        keys_of: Callable[[str], list[bytes]],
        *,
        max_skew_s: int = 300,
        clock: Clock = time.time,
    ) -> None:
        self._keys_of = keys_of
        self._max_skew_s = max_skew_s
        self._clock = clock

    def verify(self, request: Inbound) -> SignedRequest:
        """The signed request. Raises a SignatureRefused."""
        given, signature = _fields(request)
        created, nonce, client_id = self._parameters(given)
        digest = _covered_digest(request, given)
        key = self._key(client_id, signature_base(request, given), signature)
        return SignedRequest(client_id, key, nonce, created, digest)

    def _parameters(self, given: SignatureInput) -> tuple[int, str, str]:
        """`created`, `nonce` and `keyid`, once they and the others are in order."""
        for name in given.parameters.keys() - _PARAMETERS:
            raise SignatureMalformed(problem=f"parameter {redact(name.decode('ascii'))}")
        created = _unix_time(given, b"created")
        now = self._clock()
        if abs(now - created) > self._max_skew_s:
            raise TimestampSkew(server=_said(now), max_skew_s=self._max_skew_s)
        if b"expires" in given.parameters and _unix_time(given, b"expires") <= now:
            raise SignatureExpired(server=_said(now))
        nonce = given.text(b"nonce")
        if nonce is None or not _NONCE.fullmatch(nonce):
            raise NonceInvalid
        if b"alg" in given.parameters and given.text(b"alg") != ALGORITHM:
            raise SignatureMalformed(problem="alg")
        if b"tag" in given.parameters and given.text(b"tag") is None:
            raise SignatureMalformed(problem="tag")
        client_id = given.text(b"keyid")
        if client_id is None:
            raise SignatureMalformed(problem="keyid")
        return created, nonce, client_id

    def _key(self, client_id: str, base: bytes, signature: bytes) -> bytes:
        """The key that made `signature`; the same work for any client, known or not."""
        keys = self._keys_of(client_id)[:_LIVE_KEYS]
        found: bytes | None = None
        for key in (*keys, *[_NO_KEY] * (_LIVE_KEYS - len(keys))):
            if hmac.compare_digest(sign(base, key), signature) and key is not _NO_KEY:
                found = key
        if found is None:
            raise SignatureWrong(client_id[:_LONGEST_ID])
        return found


def is_signed(headers: dict[bytes, bytes]) -> bool:
    """Whether the caller means to have signed."""
    return b"signature-input" in headers or b"signature" in headers


def sign(base: bytes, key: bytes) -> bytes:
    """The Base64 of the HMAC-SHA256 of a signature base."""
    return _base64(hmac.digest(key, base, "sha256"))


def content_digest(body: bytes) -> bytes:
    """The value of Content-Digest (RFC 9530) for `body`."""
    return b"sha-256=:%b:" % _base64(hashlib.sha256(body).digest())


def signature_base(request: Inbound, given: SignatureInput) -> bytes:
    """What is signed: a line for each component, then the parameters (RFC 9421 §2.5).

    No value can hold a line feed, so that no two requests have one base. Raises ComponentUnusable.
    """
    lines = [b"%b: %b" % (name, _value(request, name)) for name in given.components]
    return b"\n".join((*lines, b'"@signature-params": ' + given.serialised()))


def _fields(request: Inbound) -> tuple[SignatureInput, bytes]:
    try:
        given = read_signature_input(request.headers.get(b"signature-input", b""))
        return given, read_signature(request.headers.get(b"signature", b""), given.label)
    except SeveralMembers:
        raise SeveralSignatures from None
    except Unreadable as exc:
        raise SignatureMalformed(problem=str(exc)) from None


def _covered_digest(request: Inbound, given: SignatureInput) -> bytes | None:
    """The digest that the body must have. Raises what says that too little is signed."""
    must = [name for name in REQUIRED if name not in given.components]
    if b"x-wxgate-account" in request.headers and ACCOUNT not in given.components:
        must.append(ACCOUNT)
    field = request.headers.get(b"content-digest")
    if field is None and request.has_body:
        raise DigestMissing
    if field is not None and DIGEST not in given.components:
        must.append(DIGEST)
    if must:
        raise ComponentsMissing(missing=_listed(must))
    try:
        return None if field is None else read_digest(field)
    except Unreadable:
        raise DigestMalformed from None


def _value(request: Inbound, component: bytes) -> bytes:
    match component:
        case b'"@method"':
            return request.method.encode("ascii")
        case b'"@path"':
            return request.raw_path
        case b'"@query"':
            return b"?" + request.query.raw
        case b'"@authority"':
            return _header(request, b"host", component).lower()
        case _:
            # Of the other derived components, @scheme and @target-uri cannot be known behind a
            # proxy that ends TLS; what has parameters is refused with them.
            name = _HEADER_NAME.fullmatch(component)
            if name is None:
                raise ComponentUnusable(component=_listed([component]))
            return _header(request, name[1], component)


def _header(request: Inbound, name: bytes, component: bytes) -> bytes:
    """The header's lines as one value (RFC 9421 §2.1). Raises ComponentUnusable."""
    lines = [value.strip(b" \t") for found, value in request.lines if found == name]
    value = b", ".join(lines)
    if not lines or not _FIELD_TEXT.fullmatch(value):
        raise ComponentUnusable(component=_listed([component]))
    return value


def _unix_time(given: SignatureInput, name: bytes) -> int:
    value = given.parameters.get(name, b"")
    if not _UNIX_TIME.fullmatch(value):
        raise TimestampInvalid(name=name.decode("ascii"))
    return int(value)


def _listed(components: Iterable[bytes]) -> str:
    return redact(" ".join(name.decode("ascii", "replace")[:80] for name in components))


def _said(now: float) -> str:
    return f"{int(now)} ({rfc3339(now)})"


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data)
