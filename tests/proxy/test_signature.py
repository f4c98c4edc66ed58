import base64
import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)
from hypothesis import given
from hypothesis import strategies as st

from core.errors import GatewayError
from proxy.request import Inbound, Query
from proxy.signature import (
    ComponentsMissing,
    ComponentUnusable,
    DigestMalformed,
    DigestMissing,
    DigestWrong,
    NonceInvalid,
    SeveralSignatures,
    SignatureExpired,
    SignatureMalformed,
    SignatureVerifier,
    SignatureWrong,
    TimestampInvalid,
    TimestampSkew,
    content_digest,
    sign,
    signature_base,
)
from proxy.structured import read_signature_input
from tests.gateway import KEY, READER_KEY
from tests.signing import signed

NOW = 1_795_300_000
OLD_KEY = "wxg_blog_abcdefghijklmnop0123456789"
KEYS = {"blog": [KEY.encode(), OLD_KEY.encode()], "reader": [READER_KEY.encode()]}
VERIFIER = SignatureVerifier(lambda client: KEYS.get(client, []), clock=lambda: NOW)
URL = "/cgi-bin/draft/add?access_token=x"


def inbound(
    headers: Mapping[str, str], *, method: str = "POST", url: str = URL, body: bytes = b""
) -> Inbound:
    path, _, query = url.partition("?")
    lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    if body:
        lines.append((b"content-length", b"%d" % len(body)))
    return Inbound(method, path.encode(), Query(query.encode()), dict(lines), None, lines=lines)


def made(method: str = "POST", url: str = URL, key: str = KEY, **how: Any) -> dict[str, str]:
    return signed(method, url, key, **{"created": NOW, **how})


# --- RFC 9421's own example -------------------------------------------------------------------

SHARED_SECRET = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)  # B.1.5
B25_INPUT = (
    b'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
)
B25_BASE = b"""\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@authority": example.com
"content-type": application/json
"@signature-params": ("date" "@authority" "content-type");created=1618884473\
;keyid="test-shared-secret"\
"""
B25_SIGNATURE = b"pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


def test_the_rfcs_hmac_example_has_the_rfcs_base_and_signature() -> None:
    """Source: RFC 9421, appendix B.2.5."""
    request = inbound(
        {
            "Host": "Example.com",
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
        }
    )
    base = signature_base(request, read_signature_input(B25_INPUT))
    assert base == B25_BASE
    assert sign(base, SHARED_SECRET) == B25_SIGNATURE


def test_header_lines_are_joined_as_in_the_rfc() -> None:
    """Source: RFC 9421 §2.1: lines joined by a comma and a space, outer white space cut."""
    request = inbound({})
    request.lines = [(b"cache-control", b"  max-age=60"), (b"cache-control", b"must-revalidate ")]
    base = signature_base(request, read_signature_input(b'a=("cache-control")'))
    assert base.splitlines()[0] == b'"cache-control": max-age=60, must-revalidate'


# --- what is taken ----------------------------------------------------------------------------


def test_a_signed_request_says_who_signed_what() -> None:
    body = b'{"articles": []}'
    found = VERIFIER.verify(inbound(made(body=body, nonce="n" * 16), body=body))
    assert (found.client_id, found.key, found.nonce) == ("blog", KEY.encode(), "n" * 16)
    assert found.created == NOW
    found.check_body(hashlib.sha256(body).digest())
    with pytest.raises(DigestWrong):
        found.check_body(hashlib.sha256(body + b" ").digest())


def test_without_a_body_no_digest_is_needed() -> None:
    found = VERIFIER.verify(inbound(made("GET"), method="GET"))
    assert found.digest is None
    found.check_body(hashlib.sha256(b"").digest())


@pytest.mark.parametrize(
    "how",
    [
        {"parameters": {"alg": ""}},
        {"parameters": {"tag": '"wxgate"'}},
        {"parameters": {"expires": str(NOW + 1)}},
        {"headers": {"Content-Type": "application/json", "X-Wxgate-Account": "main"}},
        {"headers": {"Host": "gate.example"}, "components": ["@query", "@authority", "@path", "@method"]},
        {"created": NOW - 300},
        {"created": NOW + 300},
        {"key": OLD_KEY},
    ],
)  # fmt: skip
def test_what_the_contract_allows_is_taken(how: dict[str, Any]) -> None:
    assert VERIFIER.verify(inbound(made(**how))).client_id == "blog"


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"created": NOW - 301}, TimestampSkew),
        ({"created": NOW + 301}, TimestampSkew),
        ({"parameters": {"created": ""}}, TimestampInvalid),
        ({"parameters": {"created": '"1795300000"'}}, TimestampInvalid),
        ({"parameters": {"expires": "soon"}}, TimestampInvalid),
        ({"parameters": {"expires": str(NOW)}}, SignatureExpired),
        ({"parameters": {"nonce": ""}}, NonceInvalid),
        ({"parameters": {"nonce": '"short"'}}, NonceInvalid),
        ({"parameters": {"nonce": '"' + "n" * 129 + '"'}}, NonceInvalid),
        ({"parameters": {"nonce": '"sixteen or more, spaced"'}}, NonceInvalid),
        ({"parameters": {"nonce": "1234567890123456"}}, NonceInvalid),
        ({"parameters": {"alg": '"rsa-pss-sha512"'}}, SignatureMalformed),
        ({"parameters": {"alg": '"HMAC-SHA256"'}}, SignatureMalformed),
        ({"parameters": {"alg": "hmac-sha256"}}, SignatureMalformed),
        ({"parameters": {"keyid": ""}}, SignatureMalformed),
        ({"parameters": {"keyid": "blog"}}, SignatureMalformed),
        ({"parameters": {"tag": "1"}}, SignatureMalformed),
        ({"parameters": {"crit": '"b64"'}}, SignatureMalformed),
        ({"parameters": {"keyid": '"nobody"'}}, SignatureWrong),
        ({"parameters": {"keyid": '"reader"'}}, SignatureWrong),
        ({"parameters": {"keyid": '"../../dev/null"'}}, SignatureWrong),
        ({"components": []}, ComponentsMissing),
        ({"components": ["@method", "@path"]}, ComponentsMissing),
    ],
)
def test_what_the_contract_forbids_is_refused(
    how: dict[str, Any], refusal: type[GatewayError]
) -> None:
    with pytest.raises(refusal):
        VERIFIER.verify(inbound(made(**how)))


@pytest.mark.parametrize("missing", ["@method", "@path", "@query"])
def test_what_is_not_covered_is_named(missing: str) -> None:
    covered = [name for name in ("@method", "@path", "@query") if name != missing]
    with pytest.raises(ComponentsMissing) as caught:
        VERIFIER.verify(inbound(made(components=covered)))
    assert str(caught.value) == f'the signature does not cover "{missing}"'


def test_a_body_wants_a_digest_that_is_covered_and_whole() -> None:
    body = b"{}"
    with pytest.raises(DigestMissing):
        VERIFIER.verify(inbound(made(), body=body))
    headers = made(body=body, components=["@method", "@path", "@query"])
    with pytest.raises(ComponentsMissing) as caught:
        VERIFIER.verify(inbound(headers, body=body))
    assert "content-digest" in str(caught.value)
    for digest in ("sha-512=:AAAA:", "sha-256=:AAAA:", "md5=:" + "A" * 43 + "=:"):
        headers = made(headers={"Content-Digest": digest})
        with pytest.raises(DigestMalformed):
            VERIFIER.verify(inbound(headers, body=body))


def test_a_chunked_body_wants_a_digest_too() -> None:
    headers = made() | {"Transfer-Encoding": "chunked"}
    with pytest.raises(DigestMissing):
        VERIFIER.verify(inbound(headers))


def test_the_account_must_be_covered_where_it_is_named() -> None:
    headers = made() | {"X-Wxgate-Account": "main"}
    with pytest.raises(ComponentsMissing) as caught:
        VERIFIER.verify(inbound(headers))
    assert "x-wxgate-account" in str(caught.value)


@pytest.mark.parametrize(
    "field",
    [
        '"@target-uri"',
        '"@scheme"',
        '"@request-target"',
        '"@status"',
        '"@nonsense"',
        '"@query-param";name="a"',
        '"content-type";sf',
        '"@method";req',
        '"content-type"',  # not sent
        '"Content-Type"',
        '""',
    ],
)
def test_a_component_that_cannot_be_told_is_named(field: str) -> None:
    headers = made()
    given = headers["Signature-Input"].replace('"@query"', f'"@query" {field}')
    with pytest.raises(ComponentUnusable) as caught:
        VERIFIER.verify(inbound(headers | {"Signature-Input": given}))
    assert field in str(caught.value)


def test_a_covered_header_is_ascii_text() -> None:
    for value in ("caf\xe9", "a\x00b", "a\nb", "a\rb"):
        headers = made() | {"X-Other": value}
        headers["Signature-Input"] = headers["Signature-Input"].replace(
            '"@query"', '"@query" "x-other"'
        )
        with pytest.raises(ComponentUnusable):
            VERIFIER.verify(inbound(headers))


def test_one_signature_is_enough() -> None:
    headers = made()
    twice = {
        name: f"{headers[name]}, {headers[name].replace('sig1', 'sig2')}"
        for name in ("Signature-Input", "Signature")
    }
    with pytest.raises(SeveralSignatures) as caught:
        VERIFIER.verify(inbound(headers | twice))
    assert (caught.value.status, caught.value.code) == (400, "auth_ambiguous")
    for name in ("Signature-Input", "Signature"):
        with pytest.raises(SignatureMalformed):
            VERIFIER.verify(inbound({k: v for k, v in headers.items() if k != name}))


@pytest.mark.parametrize(
    "change",
    [
        lambda request: setattr(request, "method", "PUT"),
        lambda request: setattr(request, "method", "post"),
        lambda request: setattr(request, "raw_path", b"/cgi-bin/draft/Add"),
        lambda request: setattr(request, "raw_path", b"/cgi-bin/draft/add/"),
        lambda request: setattr(request, "raw_path", b"/cgi-bin//draft/add"),
        lambda request: setattr(request, "raw_path", b"/cgi-bin/draft/%61dd"),
        lambda request: setattr(request, "query", Query(b"access_token=y")),
        lambda request: setattr(request, "query", Query(b"")),
        lambda request: setattr(request, "query", Query(b"access_token=x&")),
        lambda request: setattr(request, "query", Query(b"?access_token=x")),
    ],
)
def test_what_was_signed_cannot_be_changed(change: Callable[[Inbound], None]) -> None:
    request = inbound(made())
    VERIFIER.verify(request)
    change(request)
    with pytest.raises(SignatureWrong):
        VERIFIER.verify(request)


def test_an_unknown_client_is_answered_like_a_wrong_signature() -> None:
    answers = []
    for key in ("wxg_nobody_0123456789abcdefghijklmnop", "wxg_blog_0123456789wrongwrongwrong"):
        with pytest.raises(SignatureWrong) as caught:
            VERIFIER.verify(inbound(made(key=key)))
        answers.append(caught.value.describe("en", "req"))
    assert answers[0] == answers[1]


# --- against a second implementation ----------------------------------------------------------


class Message:
    """What http-message-signatures wants of a request."""

    def __init__(self, method: str, url: str, headers: dict[str, str]) -> None:
        self.method, self.url, self.headers = method, url, headers


RESOLVER = MappingKeyResolver(
    public_keys={"blog": KEY.encode()}, private_keys={"blog": KEY.encode()}
)
_SEGMENT = st.text("abcXYZ019-._~", min_size=1, max_size=8)
_QUERY = st.lists(
    st.sampled_from([*"abc=&~+,;:@/?!", "%7E", "%20", "%2f", "%E4%BD%A0"]), max_size=12
).map("".join)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    st.lists(_SEGMENT.filter(lambda s: s not in (".", "..")), min_size=1, max_size=4),
    _QUERY,
    st.binary(max_size=200),
)


@given(REQUESTS)
def test_what_another_implementation_signs_verifies_here(
    request: tuple[str, list[str], str, bytes],
) -> None:
    method, segments, query, body = request
    url = "/" + "/".join(segments) + (f"?{query}" if query else "")
    message = Message(
        method, "http://gate.example" + url, {"Content-Digest": content_digest(body).decode()}
    )
    HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=RESOLVER).sign(
        message,
        key_id="blog",
        created=dt.datetime.fromtimestamp(NOW, dt.UTC),
        nonce="n" * 16,
        covered_component_ids=("@method", "@path", "@query", "content-digest"),
        use_existing_digest=True,
    )
    found = VERIFIER.verify(inbound(message.headers, method=method, url=url, body=body))
    found.check_body(hashlib.sha256(body).digest())


@given(REQUESTS)
def test_what_is_signed_here_verifies_in_another_implementation(
    request: tuple[str, list[str], str, bytes],
) -> None:
    method, segments, query, body = request
    url = "/" + "/".join(segments) + (f"?{query}" if query else "")
    headers = signed(method, url, KEY, body=body, created=int(time.time()))
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=RESOLVER
    )
    found = verifier.verify(Message(method, "http://gate.example" + url, headers))
    assert len(found) == 1


@given(
    st.lists(st.tuples(REQUESTS, st.text("0123456789abcdef", min_size=16, max_size=20)), min_size=2, max_size=2)
)  # fmt: skip
def test_no_two_requests_have_one_base(several: list[Any]) -> None:
    bases = []
    for (method, segments, query, _body), nonce in several:
        url = "/" + "/".join(segments) + (f"?{query}" if query else "")
        headers = made(method, url, nonce=nonce)
        given_input = read_signature_input(headers["Signature-Input"].encode())
        said = (method, url.partition("?"), nonce)
        bases.append((said, signature_base(inbound(headers, method=method, url=url), given_input)))
    (one, first), (other, second) = bases
    assert (one == other) == (first == second)
