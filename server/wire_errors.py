"""Failures below ASGI: the request never became one that a handler could answer."""

from http import HTTPStatus

import orjson

from core.errors import GatewayError, Text, language_of
from core.ids import new_id


class RequestMalformed(GatewayError):
    """What came is no HTTP/1.1, or could be read in two ways."""

    status = 400
    code = "http_malformed"
    category = "params"
    message = Text("不是规范的 HTTP 请求", "this is not a well-formed HTTP request")
    hint = Text(
        "检查请求行、请求头与请求体长度；不支持 HTTP/2 明文",
        "check request line, headers and body length; HTTP/2 is not spoken here",
    )


class NotAProxy(GatewayError):
    """CONNECT came to the port of the API."""

    status = 400
    code = "not_a_proxy"
    category = "params"
    message = Text("这个端口不是正向代理", "this port is no forward proxy")
    hint = Text(
        "打开 [forward]，HTTPS_PROXY 写它的端口；能改接口地址的工具不用代理",
        "switch [forward] on, and name its port in HTTPS_PROXY; a tool whose base URL can be set "
        "wants no proxy",
    )


class UrlTooLong(GatewayError):
    """The URL is over server.max_url_kb."""

    status = 414
    code = "url_too_long"
    category = "params"
    message = Text("URL 超过 {max_kb} KB", "the URL is over {max_kb} KB")
    hint = Text("把参数放进请求体", "put the parameters into the body")


class HeadersTooLarge(GatewayError):
    """More headers than server.max_headers, or longer than server.max_header_kb."""

    status = 431
    code = "headers_too_large"
    category = "params"
    message = Text(
        "请求头超过 {max_headers} 个或 {max_kb} KB",
        "more than {max_headers} headers, or more than {max_kb} KB of them",
    )
    hint = Text("去掉多余的请求头与 Cookie", "send fewer headers and cookies")


class RequestTooSlow(GatewayError):
    """Headers or body were not complete in time."""

    status = 408
    code = "request_too_slow"
    category = "params"
    retryable = True
    message = Text("请求没有在时限内发完", "the request was not complete in time")
    hint = Text("检查网络后重试", "check the network and try again")


class TooManyConnections(GatewayError):
    """There is no place for one more connection of this peer."""

    status = 503
    code = "too_many_connections"
    category = "system"
    level = "warning"
    retryable = True
    message = Text("连接数已满", "too many connections")
    hint = Text(
        "稍后重试并复用连接；上限由 server.max_connections 与 max_connections_per_ip 决定",
        "try again in a moment and reuse connections; the limits are server.max_connections "
        "and max_connections_per_ip",
    )


def raw_answer(error: GatewayError, headers: list[tuple[bytes, bytes]]) -> bytes:
    """The whole HTTP answer, after which the connection ends; `headers` are the request's."""
    accepted = dict(headers).get(b"accept-language", b"")
    request_id = new_id("req")
    described = error.describe(language_of(accepted.decode("latin-1")), request_id)
    body = orjson.dumps({"error": described})
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "connection: close",
    ]
    if error.retry_after_s is not None:
        lines.append(f"retry-after: {round(error.retry_after_s)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
