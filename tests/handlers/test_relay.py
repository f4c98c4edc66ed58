import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.routing import RelaySettings
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.gateway import BOTH_KEY, KEY, MAIN, READER_KEY, Gateway, Setup, open_gateway
from tests.handlers.relaying import ADD, BATCHGET, COUNT, LOGIN, UPLOADIMG, WITH_KEY, png

# --- passing through --------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/wx", "/api-weixin"])
async def test_a_call_goes_through_under_every_prefix(
    gate: httpx.AsyncClient, token: str, prefix: str
) -> None:
    answer = await gate.get(prefix + COUNT, params={"access_token": token})
    assert answer.content == b'{"total_count":0}'
    assert answer.headers["x-wxgate-account"] == "main"
    assert answer.headers["x-wxgate-cache"] == "bypass"
    assert answer.headers["x-wxgate-quota-remaining"] == "999"
    assert answer.headers["x-request-id"].startswith("req_")
    assert "x-wxgate-error" not in answer.headers


async def test_the_request_id_of_the_middleware_is_kept_and_told_who_called(
    gateway: Gateway, token: str
) -> None:
    sent: list[dict[str, Any]] = []
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": COUNT,
        "raw_path": COUNT.encode(),
        "query_string": f"access_token={token}".encode(),
        "headers": [],
        "client": None,
        "state": {"request_id": "outer"},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await gateway.relay(scope, receive, send)
    assert (b"x-request-id", b"outer") in sent[0]["headers"]
    assert scope["state"] == {
        "request_id": "outer", "client_id": "blog", "account": "main", "route": COUNT,
    }  # fmt: skip


class Echo:
    """An upstream that keeps the raw bytes of what it is sent, and answers what it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes]] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        self.writers: list[Any] = []

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()

    async def serve(self, reader: Any, writer: Any) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            _, said, rest = head.lower().partition(b"content-length: ")
            body = await reader.readexactly(int(rest.split(b"\r\n")[0]) if said else 0)
            if b"stable_token" in head:
                data = b'{"access_token":"92_a+/=&%","expires_in":7200}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data))
            else:
                self.requests.append((head, body))
                if not self.answer:
                    return
                writer.write(self.answer)

    @property
    def head(self) -> bytes:
        return self.requests[-1][0]


@pytest.fixture
async def echo(tmp_path: Path) -> AsyncIterator[tuple[Echo, httpx.AsyncClient, Gateway]]:
    upstream = Echo()

    async def serve(reader: Any, writer: Any) -> None:
        upstream.writers.append(writer)
        try:
            await upstream.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    setup = Setup(UpstreamSettings(base_urls=(url,), mp_base_url=url, timeout_s=2), tmp_path)
    async with open_gateway(setup) as opened, opened.client(**WITH_KEY) as client:
        yield upstream, client, opened
    upstream.hang_up()
    server.close()
    await server.wait_closed()


async def test_bytes_go_up_and_come_back_unchanged(echo: Any) -> None:
    upstream, http, _ = echo
    answer_body = b'{ "a" :\t"\\u4e2d", "b": 1e2 }\r\n'
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"
        % (len(answer_body), answer_body)
    )
    body = '{"title" : "中文\\u0041😀",\n "x":1.0}'.encode()
    query = "type=%E5%9b%be&b=a+b&access_token=placeholder&c=%2F"
    answer = await http.post(f"{BATCHGET}?{query}", content=body)
    assert upstream.requests[-1][1] == body
    assert answer.content == answer_body
    assert answer.headers["content-type"] == "text/plain"
    target = upstream.head.split(b" ")[1].decode()
    assert target == f"{BATCHGET}?type=%E5%9b%be&b=a+b&c=%2F&access_token=92_a%2B%2F%3D%26%25"


async def test_a_body_of_unknown_length_goes_up_with_its_length(echo: Any) -> None:
    upstream, http, _ = echo

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 50_000

    await http.post(BATCHGET, content=pieces())
    assert b"content-length: 1500000\r\n" in upstream.head.lower()
    assert b"transfer-encoding" not in upstream.head.lower()
    assert len(upstream.requests[-1][1]) == 1_500_000


async def test_only_harmless_headers_go_up(echo: Any) -> None:
    upstream, http, _ = echo
    headers = {
        "cookie": "session=1", "x-forwarded-for": "10.0.0.1", "connection": "X-Account, close",
        "x-account": "a", "te": "trailers", "upgrade": "h2c", "referer": "https://inside/",
        "user-agent": "tool/1", "x-http-method-override": "DELETE", "accept-encoding": "gzip",
        "wechatmp-signature": "sig", "accept": "application/json",
    }  # fmt: skip
    await http.get(COUNT, headers=headers)
    names = {line.split(b":")[0].lower() for line in upstream.head.split(b"\r\n")[1:] if line}
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"wechatmp-signature"}
    assert b"accept-encoding: identity" in upstream.head.lower()
    assert KEY.encode() not in upstream.head


async def test_wechats_own_headers_stay_behind(echo: Any) -> None:
    upstream, http, _ = echo
    upstream.answer = (
        b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\nSet-Cookie: a=b\r\nServer: nginx\r\n"
        b"Content-Disposition: attachment; filename=a.jpg\r\nContent-Length: 2\r\n\r\n{}"
    )
    answer = await http.get(COUNT)
    assert answer.status_code == 302
    assert answer.headers["content-disposition"] == "attachment; filename=a.jpg"
    assert not {"location", "set-cookie", "server"} & set(answer.headers)
    assert b"elsewhere" not in b"".join(head for head, _ in upstream.requests)


async def test_a_large_answer_streams_through(echo: Any) -> None:
    upstream, http, _ = echo
    data = bytes(range(256)) * 20_000
    upstream.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b"
        % (len(data), data)
    )
    answer = await http.post("/cgi-bin/material/get_material", json={"media_id": "x"})
    assert answer.content == data
    assert answer.headers["content-length"] == str(len(data))


async def test_secrets_of_calls_without_a_token_become_the_real_ones(echo: Any) -> None:
    upstream, http, _ = echo
    http.headers.pop("authorization")
    query = f"appid=main&secret={KEY}&js_code=c%2F1&grant_type=authorization_code"
    await http.get(f"/sns/jscode2session?{query}")
    target = upstream.head.split(b" ")[1].decode()
    real = f"appid={MAIN.app_id}&secret={MAIN.app_secret.get_secret_value()}"
    assert target == f"/sns/jscode2session?js_code=c%2F1&grant_type=authorization_code&{real}"
    await http.post("/cgi-bin/clear_quota/v2", json={"appid": "main", "appsecret": KEY, "z": "中"})
    sent = json.loads(upstream.requests[-1][1])
    assert sent == {
        "appid": MAIN.app_id, "appsecret": MAIN.app_secret.get_secret_value(), "z": "中",
    }  # fmt: skip
    assert "access_token" not in upstream.head.decode()


async def test_a_users_own_token_is_left_alone(echo: Any) -> None:
    upstream, http, _ = echo
    await http.get("/sns/userinfo?access_token=USER%2FTOKEN&openid=o")
    assert b"/sns/userinfo?access_token=USER%2FTOKEN&openid=o " in upstream.head
    await http.post("/cgi-bin/component/api_query_auth?component_access_token=C", json={})
    assert b"/api_query_auth?component_access_token=C " in upstream.head


async def test_an_answer_that_breaks_off_is_cut_for_the_caller_too(echo: Any) -> None:
    upstream, http, gateway = echo
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 300
    answer = await http.get(COUNT)
    assert answer.status_code == 504
    assert answer.json()["errcode"] == -1
    assert gateway.spool.used_bytes == 0


async def test_a_long_answer_that_breaks_off_is_not_ended_as_if_it_were_whole(echo: Any) -> None:
    upstream, _, gateway = echo
    upstream.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 200_000
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 2:  # the beginning is on its way: now WeChat hangs up
            upstream.hang_up()

    scope = {
        "type": "http",
        "method": "GET",
        "path": COUNT,
        "raw_path": COUNT.encode(),
        "query_string": b"",
        "headers": [(b"x-api-key", KEY.encode())],
        "client": None,
    }
    await gateway.relay(scope, receive, send)
    assert (b"content-length", b"900000") in sent[0]["headers"]
    assert sent[-1]["more_body"]


async def test_a_caller_that_hangs_up_gets_no_answer_and_leaves_nothing(gateway: Gateway) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-api-key", KEY.encode()), (b"content-length", b"3000000")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": ADD,
        "raw_path": ADD.encode(),
        "query_string": b"",
        "headers": headers,
        "client": None,
    }
    await gateway.relay(scope, receive, send)
    assert sent == []
    assert gateway.spool.used_bytes == 0


@pytest.mark.parametrize("path", ["/cgi-bin/clear_quota/v2", "/cgi-bin/stable_token"])
async def test_a_body_that_names_no_caller_is_refused_once_it_is_too_long(
    gate: httpx.AsyncClient, path: str
) -> None:
    answer = await gate.post(path, content=b" " * 65_537, headers=WITH_KEY)
    assert (answer.status_code, answer.json()["errcode"]) == (413, 45001)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_error_page_that_repeats_the_url_shows_no_token(echo: Any, method: str) -> None:
    upstream, http, gateway = echo
    for shown in (b"92_a+/=&%", b"92_a%2B%2F%3D%26%25"):
        page = b"<html>cannot GET /cgi-bin/x?access_token=" + shown + b"</html>"
        upstream.answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%b" % (
            len(page),
            page,
        )
        answer = await http.request(method, COUNT if method == "GET" else ADD, content=b"{}")
        assert shown not in answer.content
        assert answer.status_code == 504
        error = answer.json()["error"]
        expected = ("upstream_no_answer", True) if method == "GET" else ("outcome_unknown", False)
        assert (error["code"], error["retryable"]) == expected
    assert gateway.spool.used_bytes == 0


async def test_an_error_page_that_repeats_the_url_shows_no_app_secret(echo: Any) -> None:
    upstream, http, _ = echo
    secret = MAIN.app_secret.get_secret_value().encode()
    upstream.answer = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%b" % (
        len(secret),
        secret,
    )
    query = f"appid=main&secret={KEY}&js_code=c"
    answer = await http.get(f"/sns/jscode2session?{query}")
    assert secret not in answer.content
    assert answer.json()["error"]["code"] == "outcome_unknown"


async def test_a_get_that_writes_goes_up_once_when_its_connection_breaks(echo: Any) -> None:
    upstream, http, _ = echo
    await http.get(COUNT)
    upstream.answer = b""  # takes the request, then hangs up
    answer = await http.get("/cgi-bin/message/wxopen/activityid/create")
    assert answer.json()["error"]["code"] == "outcome_unknown"
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/cgi-bin/stable_token", '{"grant_type":"client_credential","appid":"\\ud800"}'),
        ("/cgi-bin/clear_quota/v2", '{"appid":"main","x":"\\ud800"}'),
        ("/cgi-bin/clear_quota/v2", '{"appid":"main","n":99999999999999999999999,"r":"\t"}'),
        ("/cgi-bin/clear_quota/v2", '{"appid":"main","x":' + "[" * 300 + "]" * 300 + "}"),
    ],
)
async def test_odd_json_is_answered_in_wechats_shape(
    gate: httpx.AsyncClient, path: str, body: str
) -> None:
    answer = await gate.post(path, content=body.encode(), headers=WITH_KEY)
    assert answer.status_code < 500
    assert isinstance(answer.json()["errcode"], int)


async def test_a_header_that_is_not_ascii_goes_no_further(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    headers = [(b"x-api-key", KEY.encode()), (b"content-type", b"text/plain; name=\xe9")]
    answer = await gate.get(COUNT, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "header_not_ascii")
    assert sandbox.calls.count(COUNT) == 0


# --- uploads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("supersede", [None, True])
async def test_an_upload_goes_through_even_if_the_token_dies(
    gate: httpx.AsyncClient,
    sandbox: RunningSandbox,
    gateway: Gateway,
    token: str,
    *,
    supersede: Any,
) -> None:
    if supersede:
        sandbox.tokens.expire(MAIN.app_id, supersede=True)
    big = png(1_100)
    assert 1_000_000 < len(big) < 2_000_000
    answer = await gate.post(
        "/cgi-bin/material/add_material",
        params={"access_token": token, "type": "image"},
        files={"media": ("photo.png", big, "image/png")},
    )
    assert "media_id" in answer.json()
    assert len(sandbox.ledger.entries("material")) == 1
    assert gateway.spool.used_bytes == 0


@pytest.mark.parametrize(
    ("disposition", "kind"),
    [
        ('name="media"; filename="图.png"', "image/png"),
        ('name="media"; filename="a.png"; filename*=utf-8\'\'%E5%9B%BE.png', "image/png"),
        ('name="media"', "image/png"),
        ('name="file"; filename="a.png"', "image/png"),
        ('name="media"; filename=""', "image/png"),
        ('name="media"; filename="a.png"', ""),
    ],
)
async def test_a_form_that_wechat_would_refuse_is_mended(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, token: str, disposition: str, kind: str
) -> None:
    picture = png()
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    form = f"--B\r\nContent-Disposition: form-data; {disposition}\r\n{typed}\r\n".encode()
    form += picture
    form += b"\r\n--B--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=B"}
    answer = await gate.post(
        UPLOADIMG, params={"access_token": token}, content=form, headers=headers
    )
    assert "url" in answer.json(), answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "errcode"),
    [
        ("GET", "/cgi-bin/nothing/here", 404, 40066),
        ("GET", "/favicon.ico", 404, 40066),
        ("GET", "/cgi-bin/%2e%2e/token", 400, 40066),
        ("POST", COUNT, 200, 43001),
        ("GET", ADD, 200, 43002),
    ],
)
async def test_what_is_no_call_is_told_apart(
    gate: httpx.AsyncClient, method: str, path: str, status: int, errcode: int
) -> None:
    answer = await gate.request(method, path)
    assert (answer.status_code, answer.json()["errcode"]) == (status, errcode)


async def test_a_reader_may_not_write(gate: httpx.AsyncClient, sandbox: RunningSandbox) -> None:
    headers = {"x-api-key": READER_KEY}
    assert (await gate.get(COUNT, headers=headers)).status_code == 200
    answer = await gate.post(ADD, json={}, headers=headers)
    assert (answer.status_code, answer.json()["errcode"]) == (403, 48001)
    assert sandbox.calls.count(ADD) == 0


async def test_a_body_over_the_limit_is_refused_unread(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, token: str
) -> None:
    answer = await gate.post(ADD, params={"access_token": token}, content=b"x" * 20_000_001)
    assert answer.json()["errcode"] == 45001
    answer = await gate.post(ADD, headers=WITH_KEY, content=b"x" * 20_000_001)
    assert answer.status_code == 413
    assert sandbox.calls.count(ADD) == 0


async def test_a_lost_answer_of_a_write_is_never_called_retryable(
    gate: httpx.AsyncClient, sandbox: RunningSandbox, token: str
) -> None:
    sandbox.faults.add(Fault(kind="reset_after_commit", path=ADD))
    answer = await gate.post(ADD, params={"access_token": token}, json={"articles": []})
    data = answer.json()
    assert data["errcode"] == -1
    assert (data["error"]["code"], data["error"]["retryable"]) == ("outcome_unknown", False)
    assert sandbox.faults.happened["reset_after_commit", ADD] == 1
    sandbox.faults.add(Fault(kind="reset_before_read", path=BATCHGET, count=3))
    data = (await gate.post(BATCHGET, params={"access_token": token}, json={})).json()
    assert (data["error"]["code"], data["error"]["retryable"]) == ("upstream_no_answer", True)


async def test_no_answer_ever_shows_a_secret(gate: httpx.AsyncClient, token: str) -> None:
    answers = [
        await gate.get("/cgi-bin/token", params=LOGIN | {"secret": KEY + "x"}),
        await gate.get(COUNT, params={"access_token": KEY}),
        await gate.get(COUNT, params={"access_token": token, "key": BOTH_KEY}),
        await gate.get("/cgi-bin/token", params=LOGIN | {"appid": KEY}),
        await gate.get(COUNT, headers=WITH_KEY | {"x-wxgate-account": KEY}),
        await gate.get(f"/cgi-bin/{KEY}"),
    ]
    for answer in answers:
        assert "errcode" in answer.json()
        for secret in (KEY, BOTH_KEY, token):
            assert secret not in answer.text


async def test_a_websocket_is_closed(gateway: Gateway) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    await gateway.relay({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]


# --- switches ---------------------------------------------------------------------------------


async def test_unknown_paths_go_on_where_that_is_wanted(
    upstream: UpstreamSettings, tmp_path: Path, sandbox: RunningSandbox
) -> None:
    relay = RelaySettings(unknown_paths="forward")
    async with (
        open_gateway(Setup(upstream, tmp_path, relay=relay)) as gateway,
        gateway.client(**WITH_KEY) as http,
    ):
        answer = await http.post("/cgi-bin/brand/new", json={})
        assert answer.status_code == 404
        assert "x-wxgate-account" in answer.headers
        shown = gateway.metrics.render().decode()
    assert 'path="other"' in shown
    assert "brand" not in shown


async def test_an_alias_for_some_clients_wants_the_scope_of_where_it_goes_alone(
    upstream: UpstreamSettings, tmp_path: Path
) -> None:
    rules = [
        {"path": "/how/many", "clients": ["reader"], "action": "alias", "to": COUNT},
        {"path": ADD, "clients": ["reader"], "action": "alias", "to": COUNT},
    ]
    relay = RelaySettings.model_validate({"rules": rules})
    headers = {"authorization": f"Bearer {READER_KEY}"}
    async with (
        open_gateway(Setup(upstream, tmp_path, relay=relay)) as gateway,
        gateway.client(**headers) as gate,
    ):
        for path in ("/how/many", ADD):
            answer = await gate.get(path)
            assert (answer.status_code, answer.json()) == (200, {"total_count": 0}), path
