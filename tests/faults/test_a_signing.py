"""Signed requests that are altered, repeated, misread or ambiguous: 1, 4 to 12."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from handlers.openapi import listed_routes
from proxy.upstream import UpstreamSettings
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests import gateway as relay
from tests.e2e.conftest import KEY
from tests.faults.wire import ADD, COUNT, Answer, ask, upstream
from tests.proxy.conftest import Time
from tests.signing import signed, soon

OTHER_KEY = "wxg_other_0123456789abcdefghijklm"
OTHER = {"id": "other", "key": OTHER_KEY, "accounts": ["personal"], "scopes": ["relay:read"]}
MAIN = {"X-Wxgate-Account": "main"}
BODY = b'{"articles": [{"title": "t", "content": "c", "thumb_media_id": "m"}]}'


def raw(method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *more: str) -> bytes:
    """A request as bytes; `more` are further header lines."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join((f"{method} {url} HTTP/1.1", "Host: 127.0.0.1", *lines, *more))
    return f"{head}\r\n\r\n".encode("latin-1") + body


async def asked(stand: Any, *request: Any) -> Answer:
    answer = await ask(stand, raw(*request))
    assert answer is not None
    return answer


async def test_001_a_signed_request_counts_once(stand: Any) -> None:
    headers = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
    answers = [await asked(stand, "POST", ADD, headers, BODY) for _ in range(3)]
    assert answers[0].status == 200
    assert [(answer.status, answer.code) for answer in answers[1:]] == [(401, "auth_replay")] * 2
    assert [seen.path for seen in upstream(stand)] == [ADD]


@pytest.mark.parametrize(
    "created",
    [
        *("nan", "inf", "-inf", "1e400", "1_795_300_000", " 1795300000", "1795300000 "),
        *(
            "+1795300000",
            "-1795300000",
            "1795300000.0",
            "0x6b0200a0",
            '"1795300000"',
            "@1795300000",
        ),
        *("", "179530000", "17953000000", "1" * 5_000, "?1", "true"),
        "１７９５３０００００".encode().decode("latin-1"),
    ],
    ids=lambda created: repr(created[:20]),
)
async def test_004_a_time_is_ten_ascii_digits(stand: Any, created: str) -> None:
    headers = signed("GET", COUNT, KEY, headers=MAIN)
    field = headers["Signature-Input"]
    written = field.split("created=")[1].split(";")[0]
    headers["Signature-Input"] = field.replace(f"created={written}", f"created={created}")
    answer = await asked(stand, "GET", COUNT, headers)
    assert (answer.status, answer.code) == (401, "auth_timestamp_invalid")
    assert upstream(stand) == []


@pytest.mark.parametrize(
    ("offset", "status", "code"),
    [
        (-301, 401, "auth_timestamp_skew"),
        (-299, 200, ""),
        (299, 200, ""),
        (301, 401, "auth_timestamp_skew"),
        (1_795_300_000 * 999, 401, "auth_timestamp_invalid"),  # milliseconds
    ],
)
async def test_005_past_and_future_are_bounded(
    tmp_path: Path, offset: int, status: int, code: str
) -> None:
    time = Time()
    async with run_sandbox(SandboxSettings()) as sandbox:
        settings = UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url)
        setup = relay.Setup(settings, tmp_path, clock=time)
        async with relay.open_gateway(setup) as opened, opened.client() as caller:
            time.now += 1_000  # since when nonces are remembered
            headers = signed("GET", COUNT, relay.KEY, created=int(time.now) + offset)
            response = await caller.get(COUNT, headers=headers | {"accept-language": "en"})
    assert response.status_code == status
    if code:
        error = response.json()["error"]
        assert error["code"] == code
    if code == "auth_timestamp_skew":
        assert str(int(time.now)) in error["message"]


@pytest.mark.parametrize(
    "signature",
    [
        "sig1=:{mac}:".replace("{mac}", "é" * 44),
        "sig1=::",
        "",
        "sig1",
        "sig1=" + "A" * 44,
        "sig1=:" + "A" * 43 + "=:",  # well formed, wrong
        "sig1=:" + "A" * 42 + "==:",
        "sig1=:" + "AB" * 32 + ":",  # hex, upper case
        "sig1=:" + "ab" * 32 + ":",
        "sig2=:" + "A" * 43 + "=:",
        "sig1=:" + "A" * 43 + "=: ;x",
        "sig1=:" + "-_" * 21 + "A=:",
        "sig1=:" + "A" * 60_0 + ":",
    ],
)
async def test_006_a_signature_is_32_bytes_in_base64(stand: Any, signature: str) -> None:
    headers = signed("GET", COUNT, KEY, headers=MAIN) | {"Signature": signature}
    answer = await asked(stand, "GET", COUNT, headers)
    assert (answer.status, answer.code) == (401, "auth_signature_invalid")


async def test_007_a_body_that_was_changed_goes_nowhere(stand: Any) -> None:
    for position in range(0, len(BODY), 5):
        headers = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
        changed = bytearray(BODY)
        changed[position] ^= 1
        answer = await asked(stand, "POST", ADD, headers, bytes(changed))
        assert (answer.status, answer.code) == (401, "content_digest_wrong")
    assert upstream(stand) == []


async def test_007_the_digest_is_of_bytes_and_comes_before_json(stand: Any) -> None:
    url = "/v1/render"
    headers = signed("POST", url, KEY, body=b'{"markdown": "a"}')
    answer = await asked(stand, "POST", url, headers, b'{"markdown":  "a"}')
    assert answer.code == "content_digest_wrong"
    headers = signed("POST", url, KEY, body=b'{"markdown": "a"}')
    answer = await asked(stand, "POST", url, headers, b"not json")
    assert answer.code == "content_digest_wrong"


async def test_007_no_route_lets_a_changed_body_or_a_replay_through(open_stand: Any) -> None:
    root = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["admin"]}
    change = {"clients": [root], "server": {"ops_networks": []}}
    async with open_stand(change) as stand:
        guarded = [
            (route.method, re.sub(r"\{\w+\}", "x", path))
            for path, route in listed_routes(stand.app.routes)
            if not route.operation.public
        ]
        assert len(guarded) > 12
        for method, path in guarded:
            headers = signed(method, path, KEY, body=b"{}")
            answer = await asked(stand, method, path, headers, b"[]")
            assert (answer.status, answer.code) == (401, "content_digest_wrong"), path
        for path in ("/v1/jobs", "/metrics", "/openapi.json", "/docs"):
            headers = signed("GET", path, KEY)
            assert (await asked(stand, "GET", path, headers)).code != "auth_replay"
            answer = await asked(stand, "GET", path, headers)
            assert answer.code == "auth_replay", path


@pytest.mark.parametrize(
    ("signed_query", "sent_query"),
    [
        ("a=1&b=2", "b=2&a=1"),
        ("a=~", "a=%7E"),
        ("a=%7e", "a=%7E"),
        ("a=+", "a=%20"),
        ("a=", "a"),
        ("a=1&a=2", "a=2&a=1"),
        ("a=1", "a=1&"),
        ("a=1", "?a=1"),
        ("", "a"),
    ],
)
async def test_008_the_query_is_signed_as_it_is_written(
    stand: Any, signed_query: str, sent_query: str
) -> None:
    """examples/signing/vectors.json has the accepted forms, checked by three implementations."""
    for sent, status in ((sent_query, 401), (signed_query, 200)):
        headers = signed("GET", f"{COUNT}?{signed_query}", KEY, headers=MAIN)
        answer = await asked(stand, "GET", f"{COUNT}?{sent}", headers)
        assert answer.status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/jobs"),
        ("DELETE", "/v1/jobs"),
        ("get", "/v1/jobs"),
        ("GET", "/v1/Jobs"),
        ("GET", "/v1/jobs/"),
        ("GET", "//v1/jobs"),
        ("GET", "/v1//jobs"),
        ("GET", "/v1/./jobs"),
        ("GET", "/v1/%6aobs"),
        ("GET", "/v1/accounts"),
        ("GET", "/v1/jobs?limit=1"),
    ],
)
async def test_009_a_signature_is_good_for_its_own_method_and_path(
    stand: Any, method: str, path: str
) -> None:
    headers = signed("GET", "/v1/jobs", KEY)
    answer = await asked(stand, method, path, headers)
    assert answer.status in (400, 401, 404)
    assert (await asked(stand, "GET", "/v1/jobs", headers)).status == 200


async def test_010_the_account_is_part_of_what_is_signed(open_stand: Any) -> None:
    blog = {"id": "blog", "key": KEY, "accounts": ["main", "personal"], "scopes": ["relay:read"]}
    async with open_stand({"clients": [blog, OTHER]}) as stand:
        headers = signed("GET", COUNT, KEY, headers=MAIN) | {"X-Wxgate-Account": "personal"}
        answer = await asked(stand, "GET", COUNT, headers)
        assert answer.code == "auth_signature_invalid"
        headers = signed("GET", COUNT, OTHER_KEY) | {"X-Wxgate-Account": "personal"}
        answer = await asked(stand, "GET", COUNT, headers)
        assert answer.code == "auth_components_missing"
        assert "x-wxgate-account" in answer.json["error"]["message"]
        headers = signed("GET", COUNT, OTHER_KEY, headers=MAIN)
        answer = await asked(stand, "GET", COUNT, headers)
        assert (answer.status, answer.code) == (404, "account_unknown")
        assert upstream(stand) == []


@pytest.mark.parametrize(
    "name", ["Signature", "Signature-Input", "Content-Digest", "Authorization"]
)
async def test_012_a_header_that_says_who_calls_stands_there_once(stand: Any, name: str) -> None:
    headers = signed("POST", ADD, KEY, body=BODY, headers=MAIN)
    headers["Authorization"] = f"Bearer {KEY}"
    answer = await asked(stand, "POST", ADD, headers, BODY, f"{name}: {headers[name]}")
    assert (answer.status, answer.code) == (400, "header_repeated")
    assert upstream(stand) == []


async def test_012_several_credentials_must_agree(open_stand: Any) -> None:
    blog = {"id": "blog", "key": KEY, "accounts": ["personal"], "scopes": ["relay:read"]}
    bearer = {"Authorization": f"Bearer {KEY}"}
    wrong = {"Authorization": f"Bearer {KEY}x"}
    async with open_stand({"clients": [blog, OTHER]}) as stand:
        for by_key, api_key, expected in (
            (bearer, "", 200),
            (bearer, KEY, 200),
            (bearer, OTHER_KEY, 400),
            (wrong, "", 401),
            ({}, OTHER_KEY, 400),
            ({}, f"{OTHER_KEY}x", 401),
        ):
            headers = {**by_key, **({"X-Api-Key": api_key} if api_key else {})}
            answer = await asked(stand, "GET", COUNT, headers | signed("GET", COUNT, KEY))
            assert answer.status == expected, (headers, answer)
            if expected == 400:
                assert answer.code == "auth_ambiguous"
        broken = signed("GET", COUNT, KEY, created=soon() - 1_000)
        answer = await asked(stand, "GET", COUNT, bearer | broken)
        assert answer.code == "auth_timestamp_skew"


async def test_012_one_signature_of_two_is_not_chosen(stand: Any) -> None:
    one, two = (signed("GET", COUNT, KEY, headers=MAIN) for _ in range(2))
    both = {
        name: f"{one[name]}, {two[name].replace('sig1', 'sig2')}"
        for name in ("Signature-Input", "Signature")
    }
    answer = await asked(stand, "GET", COUNT, MAIN | both)
    assert (answer.status, answer.code) == (400, "auth_ambiguous")
