import base64

import pytest

from core.errors import GatewayError
from server.forward.request import (
    ConnectMalformed,
    ConnectRequest,
    Head,
    HostNotWeChats,
    OnlyConnect,
    ProxyKeyMissing,
    read_connect,
)
from server.wire_errors import HeadersTooLarge

HOSTS = {"api.weixin.qq.com", "mp.weixin.qq.com"}
TARGET = "api.weixin.qq.com:443"


def basic(text: str = "blog:wxg_blog_x") -> str:
    return "Proxy-Authorization: Basic " + base64.b64encode(text.encode()).decode()


def read(*lines: str, start: str = f"CONNECT {TARGET} HTTP/1.1") -> ConnectRequest:
    head = "\r\n".join([start, *lines, "", ""]).encode("latin-1")
    whole = Head(max_kb=16, max_headers=100).feed(head)
    assert whole is not None
    return read_connect(whole, HOSTS)


@pytest.mark.parametrize(
    "lines",
    [
        [basic()],  # HTTP/1.0 of Python's http.client has no Host
        [f"Host: {TARGET}", basic(), "User-Agent: 工具".encode().decode("latin-1")],
        ["host:API.weixin.qq.com", basic().replace("Basic", "basic"), "Content-Length: 0"],
    ],
)
def test_a_connect_is_read(lines: list[str]) -> None:
    assert read(*lines) == ConnectRequest("api.weixin.qq.com", "blog", "wxg_blog_x")


def test_pieces_come_in_as_they_like() -> None:
    head = Head(max_kb=16, max_headers=100)
    text = f"CONNECT API.weixin.qq.com:443 HTTP/1.0\r\n{basic()}\r\n\r\n".encode()
    assert [head.feed(text[at : at + 1]) for at in range(len(text) - 1)] == [None] * (len(text) - 1)
    lines = head.feed(text[-1:])
    assert lines is not None
    assert read_connect(lines, HOSTS).host == "api.weixin.qq.com"


@pytest.mark.parametrize(
    "target",
    [
        "example.com:443",
        "api.weixin.qq.com:80",
        "api.weixin.qq.com:0443",
        "api.weixin.qq.com:4430",
        "api.weixin.qq.com",
        "api.weixin.qq.com.:443",
        "api.weixin.qq.com.evil.example:443",
        "evil-api.weixin.qq.com:443",
        "weixin.qq.com:443",
        "user@api.weixin.qq.com:443",
        "user:api.weixin.qq.com:443@evil.example:443",
        "api.weixin.qq.com:443/",
        "api.weixin.qq.com:443#@evil.example:443",
        "api%2eweixin.qq.com:443",
        "127.0.0.1:443",
        "2130706433:443",
        "0x7f.1:443",
        "[::1]:443",
        "[::ffff:127.0.0.1]:443",
        "localhost:443",
        "https://api.weixin.qq.com:443",
        "/",
        "*",
    ],
)
def test_nothing_but_wechats_hosts(target: str) -> None:
    with pytest.raises(HostNotWeChats):
        read(basic(), start=f"CONNECT {target} HTTP/1.1")


@pytest.mark.parametrize(
    "start",
    [
        "GET http://api.weixin.qq.com/cgi-bin/token HTTP/1.1",
        "GET /cgi-bin/token HTTP/1.1",
        "POST https://api.weixin.qq.com/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ],
)
def test_no_verb_but_connect(start: str) -> None:
    with pytest.raises(OnlyConnect):
        read(basic(), start=start)


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: evil.example", basic()],
        ["Host: api.weixin.qq.com:80", basic()],
        [f"Host: {TARGET}", f"Host: {TARGET}", basic()],
        [basic(), basic()],
        [basic(), "Content-Length: 5"],
        [basic(), "Content-Length: 0", "Content-Length: 0"],
        [basic(), "Transfer-Encoding: chunked"],
        [basic(), " folded: line"],
        [basic(), "Odd : name"],
        [basic(), "no colon"],
        [basic(), "Nul: \0"],
        [basic(), "Bare: a\rb"],
        [basic(), "Bare: a\nHost: evil.example"],
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(lines: list[str]) -> None:
    with pytest.raises(ConnectMalformed):
        read(*lines)


@pytest.mark.parametrize(
    "start",
    [
        f"CONNECT  {TARGET} HTTP/1.1",
        f"CONNECT {TARGET} HTTP/2.0",
        f"CONNECT {TARGET}",
        f"connect {TARGET} HTTP/1.1",
        f"CONNECT\t{TARGET} HTTP/1.1",
        f"CONNECT {TARGET}\0 HTTP/1.1",
        f"CONNECT {TARGET} HTTP/1.1 ",
        f"CONNECT {TARGET} evil HTTP/1.1",
    ],
)
def test_an_odd_request_line_is_refused(start: str) -> None:
    with pytest.raises(ConnectMalformed):
        read(basic(), start=start)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Proxy-Authorization: Bearer wxg_blog_x"],
        ["Proxy-Authorization: Basic"],
        ["Proxy-Authorization: Basic ***"],
        ["Proxy-Authorization: Basic /w=="],
        ["Authorization: Basic YTpi"],
        [basic("blog")],
        [basic(":wxg_blog_x")],
        [basic("blog:")],
    ],
)
def test_who_calls_must_be_said(lines: list[str]) -> None:
    with pytest.raises(ProxyKeyMissing):
        read(*lines)


@pytest.mark.parametrize("first", [b"\x16\x03\x01\x02\x00", b"\x05\x01\x00", b"\r\n", b" CONNECT"])
def test_another_protocol_is_told_by_its_first_byte(first: bytes) -> None:
    with pytest.raises(ConnectMalformed):
        Head(max_kb=16, max_headers=100).feed(first)


def test_nothing_may_be_sent_behind_the_head() -> None:
    head = f"CONNECT {TARGET} HTTP/1.1\r\n{basic()}\r\n\r\nGET / HTTP/1.1\r\n".encode()
    with pytest.raises(ConnectMalformed):
        Head(max_kb=16, max_headers=100).feed(head)


@pytest.mark.parametrize(
    "head", [b"CONNECT " + b"a" * 1100, b"CONNECT / HTTP/1.1\r\n" + b"A: b\r\n" * 11 + b"\r\n"]
)
def test_a_head_has_an_end(head: bytes) -> None:
    with pytest.raises(HeadersTooLarge) as caught:
        Head(max_kb=1, max_headers=10).feed(head)
    assert isinstance(caught.value, GatewayError)
    assert caught.value.status == 431
