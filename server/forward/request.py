"""What a tool says before its TLS begins: one CONNECT, to one of WeChat's hosts."""

import base64
import binascii
import re
from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar

from accounts.clients import AuthError
from core.errors import Category, GatewayError, Text
from server.wire_errors import HeadersTooLarge

_END = b"\r\n\r\n"
_LINE = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.[01]")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")  # no CR, LF, NUL that another would read otherwise
_AUTHORITY = re.compile(r"([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}):443")
_ONCE = frozenset({b"host", b"proxy-authorization", b"content-length"})


class ConnectMalformed(GatewayError):
    """What came is no CONNECT that can be read in one way only."""

    status = 400
    code = "forward_malformed"
    category: ClassVar[Category] = "params"
    message = Text("不是规范的 CONNECT 请求", "this is not a well-formed CONNECT request")
    hint = Text(
        "代理地址写成 http://<客户端 id>:<密钥>@主机:端口，不是 https://",
        "the proxy's address is http://<client id>:<key>@host:port, not https://",
    )


class OnlyConnect(GatewayError):
    """A request other than CONNECT came to the forward proxy."""

    status = 405
    code = "forward_only_connect"
    category: ClassVar[Category] = "params"
    message = Text("正向代理只接受 CONNECT", "the forward proxy takes CONNECT alone")
    hint = Text(
        "把它设为 HTTPS_PROXY；改接口地址的用法请连 server.public_url",
        "set it as HTTPS_PROXY; tools whose base URL can be set go to server.public_url",
    )


class HostNotWeChats(GatewayError):
    """CONNECT to anything but port 443 of one of WeChat's API hosts."""

    status = 403
    code = "forward_host_refused"
    category: ClassVar[Category] = "permission"
    message = Text(
        "正向代理只通往微信的 API 域名（443 端口）：{host}",
        "the forward proxy leads to WeChat's API hosts alone, port 443: {host}",
    )
    hint = Text(
        "只给调用微信的程序设代理，或把其他域名写进 NO_PROXY",
        "set the proxy for the program that calls WeChat alone, or list other hosts in NO_PROXY",
    )


class ProxyKeyMissing(AuthError):
    """CONNECT without the name and key of a client."""

    code = "forward_auth_missing"
    message = Text("正向代理需要客户端密钥", "the forward proxy wants a client key")
    hint = Text(
        "代理地址写成 http://<客户端 id>:<客户端密钥>@主机:端口",
        "write the proxy's address as http://<client id>:<client key>@host:port",
    )


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """Where a tool wants to go, and who it says it is."""

    host: str  # in lower case, one of WeChat's
    client_id: str
    key: str


class Head:
    """Gathers the bytes of one head."""

    def __init__(self, *, max_kb: int, max_headers: int) -> None:
        self._max = max_kb * 1024
        self._too_large = HeadersTooLarge(max_headers=max_headers, max_kb=max_kb)
        self._max_headers = max_headers
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[bytes] | None:
        """The lines of the head once it is whole. Raises HeadersTooLarge, ConnectMalformed.

        Bytes behind it are malformed too: nobody may send on before the answer is there.
        """
        self._bytes += data
        if not self._bytes[:1].isalpha():
            raise ConnectMalformed  # TLS, SOCKS: not worth waiting for its end
        end = self._bytes.find(_END)
        if len(self._bytes) > self._max:
            raise self._too_large
        if end < 0:
            return None
        if end + len(_END) < len(self._bytes):
            raise ConnectMalformed
        lines = bytes(self._bytes[:end]).split(b"\r\n")
        if len(lines) - 1 > self._max_headers:
            raise self._too_large
        return lines


def read_connect(lines: list[bytes], hosts: Container[str]) -> ConnectRequest:
    """What the lines of a head ask for. Raises the errors of this file."""
    line = _LINE.fullmatch(lines[0])
    if line is None:
        raise ConnectMalformed
    headers = _headers(lines[1:])
    if line[1] != b"CONNECT":
        raise OnlyConnect
    host = _host(line[2].decode("ascii"), hosts)
    if headers.get(b"host", b"").lower() not in (b"", host.encode(), host.encode() + b":443"):
        raise ConnectMalformed
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        raise ConnectMalformed
    return ConnectRequest(host, *_credentials(headers.get(b"proxy-authorization", b"")))


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ConnectMalformed
        if name in _ONCE and name in headers:
            raise ConnectMalformed
        headers[name] = value.strip(b"\t ")
    return headers


def _host(authority: str, hosts: Container[str]) -> str:
    found = _AUTHORITY.fullmatch(authority)
    host = found[1].lower() if found else ""
    if host not in hosts:
        raise HostNotWeChats(host=authority[:100])
    return host


def _credentials(said: bytes) -> tuple[str, str]:
    scheme, _, value = said.partition(b" ")
    if scheme.lower() != b"basic":
        raise ProxyKeyMissing
    try:
        name, colon, key = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ProxyKeyMissing from None
    if not (name and colon and key):
        raise ProxyKeyMissing
    return name, key
