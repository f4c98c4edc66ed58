"""5 000 requests that Hypothesis makes up, on the relay: declared answers and nothing else."""

import asyncio
import json
import socket
from collections import Counter
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml
from tests.e2e.tap import tapped, tokens_in
from wechat.catalogue import load_catalogue

CASES = 5_000
CATALOGUE = load_catalogue()
PATHS = [endpoint.path for endpoint in CATALOGUE]
# Contract §3 and §4, and what HTTP itself asks for; a 500 is never right.
DECLARED = {200, 400, 401, 403, 404, 405, 408, 413, 414, 415, 422, 429, 431, 502, 503, 504}

_known = st.sampled_from(PATHS)
_changed = st.tuples(
    _known,
    st.sampled_from(
        [
            *("/", "//", "/.", "/..", "/../", "%2f", "%2F..%2f", "%00", "%ff", "..;/", "\\", "%5c"),
            *(".", "?", "#", ";a=b", "%252f", "/x", "%C3%A9", "é", "@evil", ":80"),
        ]
    ),
    st.integers(0, 40),
).map(lambda made: made[0][: made[2]] + made[1] + made[0][made[2] :])
_prefixed = st.tuples(
    st.sampled_from(["/wx", "/wechat", "/api", "/API", "/wx/wx", "/v1", "http://evil", ""]), _known
).map("".join)
_METHOD = st.sampled_from([*("GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "TRACE", "get")])
# Mostly what WeChat has, so that much of it goes all the way.
CALL = st.one_of(
    st.sampled_from([(endpoint.method, endpoint.path) for endpoint in CATALOGUE]),
    st.sampled_from([(endpoint.method, "/wx" + endpoint.path) for endpoint in CATALOGUE]),
    st.sampled_from([(endpoint.method, endpoint.path) for endpoint in CATALOGUE]),
    st.tuples(_METHOD, st.one_of(_known, _prefixed, _changed)),
)
# In the query, in the headers.
CREDENTIAL = st.sampled_from(
    [
        *(([], []), (["access_token=VIRTUAL"], []), (["access_token=VIRTUAL"], [])),
        ([], [("Authorization", f"Bearer {KEY}"), ("X-Wxgate-Account", "main")]),
        (["access_token=placeholder"], [("X-Api-Key", KEY), ("X-Wxgate-Account", "personal")]),
        (["access_token=VIRTUAL"], [("Authorization", f"Bearer {KEY}")]),
        ([f"appid={VERIFIED.app_id}", f"secret={KEY}"], []),
    ]
)

VALUE = st.one_of(
    st.sampled_from(
        [
            *("VIRTUAL", "REAL", KEY, VERIFIED.app_secret, VERIFIED.app_id, "main", "personal"),
            *("", "placeholder", "client_credential", "image", "%00", "%", "a%26b=c", "é"),
        ]
    ),
    st.text(max_size=20).map(lambda text: quote(text.encode("utf-8", "replace"))),
)
NAME = st.sampled_from(
    [
        *("access_token", "access%5ftoken", "ACCESS_TOKEN", "appid", "secret", "appsecret"),
        *("grant_type", "type", "media_id", "x", "", "access_token[]", "%61ccess_token"),
    ]
)
PAIRS = st.lists(st.tuples(NAME, VALUE).map("=".join), max_size=2)
HEADER = st.one_of(
    st.tuples(
        st.just("Authorization"),
        st.sampled_from([f"Bearer {KEY}", "Bearer wrong", "Bearer VIRTUAL", "Basic eDp5", "a.b.c"]),
    ),
    st.tuples(st.just("X-Api-Key"), st.sampled_from([KEY, KEY, "wrong", "VIRTUAL"])),
    st.tuples(
        st.just("X-Wxgate-Account"), st.sampled_from(["main", "nobody", VERIFIED.app_id, "é", ""])
    ),
    st.tuples(
        st.sampled_from(
            [
                *("Accept", "Content-Type", "Content-Encoding", "X-Request-Id", "Cookie", "Range"),
                *("X-Forwarded-For", "X-Original-URL", "X-HTTP-Method-Override", "Connection"),
                *("Signature", "Signature-Input", "Content-Digest", "X-Wxgate-Timeout", "Expect"),
            ]
        ),
        st.sampled_from(
            [
                *("application/json", "multipart/form-data; boundary=b", "gzip", "127.0.0.1"),
                *("application/problem+json", "0", "-1", "nan", "close", "x" * 300, 'sig1=("'),
                *("sha-256=:AAAA:", "text/plain; charset=utf-16", "é", "/v1/admin"),
            ]
        ),
    ),
)
BODY = st.one_of(
    st.none(),
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"{}",
            b"[]",
            b"{",
            b'{"media_id":"x"}',
            json.dumps({"appid": VERIFIED.app_id, "secret": KEY}).encode(),
            json.dumps({"access_token": KEY, "appid": "main", "secret": "x"}).encode(),
            b"[" * 5_000,
            b'{"a":' * 2_000,
            b'--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\nx\r\n--b--\r\n',
            b'--b\r\nContent-Disposition: form-data; name="media"\r\n\r\nx',
            "标题".encode(),
            b"\xff\xfe\x00",
        ]
    ),
)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_whatever_is_asked_only_declared_answers_and_only_our_token_go_anywhere(
    tmp_path: Path,
) -> None:
    async with run_sandbox(SandboxSettings(publish_s=0.2)) as sandbox, tapped(sandbox.port) as tap:
        port = free_port()
        config = configuration(sandbox, tmp_path / "data", port)
        config["upstream"] = {"base_urls": [tap.url], "mp_base_url": tap.url}
        write_toml(tmp_path / "config.toml", config)
        url = f"http://127.0.0.1:{port}"
        async with serve(tmp_path / "config.toml", url, KEY) as served:
            query = {"grant_type": "client_credential", "appid": "main", "secret": KEY}
            token = (await served.http.get("/cgi-bin/token", params=query)).json()["access_token"]
            real = next(iter(tap.real_tokens()))
            statuses = await asyncio.to_thread(fuzz, port, {"VIRTUAL": token, "REAL": real})
            health = await served.http.get("/health/live")
    assert health.status_code == httpx.codes.OK
    assert statuses.total() == CASES
    assert statuses.keys() <= DECLARED
    assert {200, 400, 401, 404} <= statuses.keys()
    sent = tap.requests()
    assert len(sent) > CASES // 10
    known = {(endpoint.method, endpoint.path) for endpoint in CATALOGUE}
    assert {(method, path) for method, path, _query in sent} <= known
    # An SNS call or a component's brings its user's token along: that is not ours to change.
    by_token = {found.path for found in CATALOGUE if found.auth == "access_token"}
    used = [tokens_in(query) for _method, path, query in sent if path in by_token]
    assert all(len(values) == 1 for values in used)
    assert {value for values in used for value in values} <= tap.real_tokens()
    for secret in (KEY, token):
        assert secret.encode() not in tap.sent().replace(b"%5F", b"_").replace(b"%2D", b"-")


def fuzz(port: int, tokens: dict[str, str]) -> "Counter[int]":
    """Send the cases; the answers' statuses. Each answer but a success says what it is."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CALL, CREDENTIAL, PAIRS, st.lists(HEADER, max_size=2), BODY)
    def run(
        call: tuple[str, str],
        credential: tuple[list[str], list[tuple[str, str]]],
        pairs: list[str],
        headers: list[tuple[str, str]],
        body: bytes | None,
    ) -> None:
        method, path = call
        query = "&".join([*credential[0], *pairs])
        headers = [*credential[1], *headers]
        target = f"{path}?{query}" if query else path
        for name, value in tokens.items():
            target = target.replace(name, value)
            headers = [(header, said.replace(name, value)) for header, said in headers]
        status, relayed, answer = ask(port, method, target, headers, body)
        statuses[status] += 1
        assert status in DECLARED, (status, method, target, headers, body)
        if status != 200 and method != "HEAD" and not relayed:
            assert json.loads(answer)["error"]["code"], (status, answer)
        assert b"Traceback" not in answer

    run()
    return statuses


def ask(
    port: int, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None
) -> tuple[int, bool, bytes]:
    """One request, its target and headers sent as they are; whether the answer is WeChat's."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.connect()
        assert isinstance(connection.sock, socket.socket)
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers if name != "Connection"]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        connection.sock.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        response = connection.response_class(connection.sock, method=method)
        response.begin()
        relayed = response.getheader("X-Wxgate-Cache") is not None
        return response.status, relayed, response.read()
    except HTTPException as exc:
        raise AssertionError(f"no answer to {method} {target}: {exc!r}") from exc
    finally:
        connection.close()
