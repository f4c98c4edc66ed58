import hashlib
import shlex

import pytest
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms

from proxy.request import Inbound
from proxy.signature import SignatureVerifier
from server.signer import CannotSign, ToSign, curl_command, sign_request
from tests.gateway import KEY

NOW, NONCE = 1_795_300_000, "0123456789abcdef"
POST = ToSign(
    "POST",
    "http://127.0.0.1:8080/v1/render?a=%E4%BD%A0&b",
    '{"markdown": "你好"}'.encode(),
    {"Content-Type": "application/json", "X-Wxgate-Account": "main"},
)


def test_what_is_signed_is_taken() -> None:
    signed = sign_request(POST, KEY, created=NOW, nonce=NONCE)
    assert POST.body is not None
    scope = {
        "method": "POST",
        "path": "/v1/render",
        "raw_path": b"/v1/render",
        "query_string": b"a=%E4%BD%A0&b",
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in signed.headers.items()
        ],
    }
    verifier = SignatureVerifier(lambda _: [KEY.encode()], clock=lambda: NOW)
    found = verifier.verify(Inbound.of(scope))
    assert (found.client_id, found.nonce) == ("blog", NONCE)
    found.check_body(hashlib.sha256(POST.body).digest())


def test_the_base_is_the_one_that_another_implementation_makes() -> None:
    class Message:
        method, url = POST.method, POST.url
        headers = sign_request(POST, KEY, created=NOW, nonce=NONCE).headers

    resolver = MappingKeyResolver(public_keys={"blog": KEY.encode()}, private_keys={})
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=resolver
    )
    (found,) = verifier.verify(Message(), max_age=None, body=POST.body)
    assert found.parameters["keyid"] == "blog"


def test_a_request_without_a_body_has_no_digest_and_an_empty_path_is_a_slash() -> None:
    signed = sign_request(ToSign("GET", "http://gate"), KEY, created=NOW, nonce=NONCE)
    assert set(signed.headers) == {"Signature-Input", "Signature"}
    assert signed.base.splitlines()[:3] == ['"@method": GET', '"@path": /', '"@query": ?']


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://gate/", ""),
        ("http://gate/", "sk-of-somebody-else"),
        ("http://gate/你好", KEY),
        ("http://gate/a b", KEY),
        ("cgi-bin/draft/count", KEY),
        ("http://gate/a\nb", KEY),
    ],
)
def test_what_cannot_be_signed_is_told(url: str, key: str) -> None:
    with pytest.raises(CannotSign) as caught:
        sign_request(ToSign("GET", url), key, created=NOW, nonce=NONCE)
    assert caught.value.zh != caught.value.en


def test_a_curl_command_is_quoted() -> None:
    request = ToSign("POST", "http://gate/v1?x=a&b=$(id)", b"{}", {})
    signed = sign_request(request, KEY, created=NOW, nonce=NONCE)
    words = shlex.split(curl_command(request, signed, "@it's here.json"))
    assert words[:6] == ["curl", "--path-as-is", "--globoff", "-X", "POST", request.url]
    assert words[-2:] == ["--data-binary", "@it's here.json"]
    assert f"Signature: {signed.headers['Signature']}" in words
