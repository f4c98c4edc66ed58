"""examples/signing/vectors.json is right by the gateway, by openssl and by a second library."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from http_message_signatures import HTTPMessageVerifier, MappingKeyResolver, algorithms

from proxy.replay import Replayed
from proxy.request import Inbound
from proxy.signature import SignatureRefused, SignatureVerifier
from tests.examples.tools import needs

ROOT = Path(__file__).parent.parent.parent
VECTORS = json.loads((ROOT / "examples/signing/vectors.json").read_text("utf-8"))["vectors"]
KEYS = sorted({vector["key"].encode() for vector in VECTORS})
each = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def body_of(vector: dict[str, Any]) -> bytes | None:
    encoded = vector["request"]["body_base64"]
    return None if encoded is None else base64.b64decode(encoded)


def headers_of(vector: dict[str, Any]) -> dict[str, str]:
    return {**vector["request"]["headers"], **vector["added_headers"]}


def test_there_are_enough_and_the_script_makes_them() -> None:
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS) >= 30
    assert len({vector["signature_base"] for vector in VECTORS}) == len(VECTORS)
    script = [sys.executable, "scripts/make_signing_vectors.py", "--check"]
    assert subprocess.run(script, cwd=ROOT, check=False).returncode == 0


@each
def test_the_gateway_takes_each_vector(vector: dict[str, Any]) -> None:
    parts, body = urlsplit(vector["request"]["url"]), body_of(vector)
    headers = headers_of(vector)
    if body is not None:
        headers["Content-Length"] = str(len(body))
    scope = {
        "method": vector["request"]["method"],
        "path": "",
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    verifier = SignatureVerifier(
        lambda client: KEYS if client == "example" else [], clock=lambda: vector["created"]
    )
    found = verifier.verify(Inbound.of(scope))
    assert (found.key.decode(), found.nonce) == (vector["key"], vector["nonce"])
    found.check_body(hashlib.sha256(body or b"").digest())


@each
def test_another_implementation_takes_each_vector(vector: dict[str, Any]) -> None:
    class Message:
        method, url = vector["request"]["method"], vector["request"]["url"]
        headers = headers_of(vector)

    resolver = MappingKeyResolver(public_keys={"example": vector["key"].encode()}, private_keys={})
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.HMAC_SHA256, key_resolver=resolver
    )
    assert len(verifier.verify(Message(), max_age=None, body=body_of(vector))) == 1


@each
@needs("openssl")
def test_openssl_makes_the_same_signatures(vector: dict[str, Any]) -> None:
    mac = ["-mac", "HMAC", "-macopt", f"key:{vector['key']}"]
    made = _openssl(mac, vector["signature_base"].encode())
    assert vector["added_headers"]["Signature"] == f"sig1=:{made}:"
    body = body_of(vector)
    if body is not None:
        digest = f"sha-256=:{_openssl([], body)}:"
        assert vector["added_headers"]["Content-Digest"] == digest


def _openssl(options: list[str], data: bytes) -> str:
    command = ["openssl", "dgst", "-sha256", *options, "-binary"]
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True)
    return base64.b64encode(done.stdout).decode()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_explains_a_vector(language: str) -> None:
    page = (ROOT / "docs" / language / "signing.md").read_text("utf-8")
    vector = next(each for each in VECTORS if each["name"] == "post-json")
    assert f"<<'END'\n{vector['signature_base']}\nEND\n" in page
    assert vector["key"] in page
    for name in ("Signature", "Content-Digest"):
        assert vector["added_headers"][name].split(":")[1] in page
    codes = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    refusals = {error.code for error in SignatureRefused.__subclasses__()}
    assert Replayed.code in refusals <= set(codes)
