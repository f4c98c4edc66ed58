import secrets
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import fail

_NONCE_BYTES = 16


def sign(
    method: Annotated[str, typer.Argument(help="请求方法 / method, such as POST")],
    url: Annotated[str, typer.Argument(help="完整 URL，或只写路径 / a URL, or only its path")],
    data: Annotated[
        str,
        typer.Option(
            "--data", "-d", help="请求体；@文件 或 @- 读标准输入 / body; @FILE, @- is stdin"
        ),
    ] = "",
    key: Annotated[
        str, typer.Option(envvar="WXGATE_KEY", help="客户端密钥 / client key", show_default=False)
    ] = "",
    account: Annotated[str, typer.Option(help="公众号，写入请求头 / account, in a header")] = "",
    content_type: Annotated[
        str, typer.Option(help="请求体的类型 / type of the body")
    ] = "application/json",
    server: Annotated[
        str, typer.Option(envvar="WXGATE_URL", help="URL 只写路径时的网关 / gateway of a path")
    ] = "http://127.0.0.1:8080",
    curl: Annotated[
        bool, typer.Option("--curl", help="输出整条 curl 命令 / print a whole curl command")
    ] = False,
    base: Annotated[
        bool, typer.Option("--base", help="输出被签名的原文 / print what is signed")
    ] = False,
) -> None:
    """给一次请求签名，输出请求头 / sign a request, print its headers.

    只在本机计算，不发送。签名五分钟内有效，只能用一次。
    Computed here, nothing is sent. Good for five minutes, and once.

    \b
    例 / example:
      wxgate sign GET /cgi-bin/draft/count --curl
      wxgate sign POST /v1/render --data @body.json | curl -H @- --data-binary @body.json URL
    """
    from server.signer import CannotSign, ToSign, curl_command, sign_request

    body = _body(data)
    headers = {"Content-Type": content_type} if body is not None else {}
    if account:
        headers["X-Wxgate-Account"] = account
    whole = server.rstrip("/") + url if url.startswith("/") else url
    request = ToSign(method.upper(), whole.partition("#")[0], body, headers)
    try:
        signed = sign_request(
            request, key, created=int(time.time()), nonce=secrets.token_urlsafe(_NONCE_BYTES)
        )
    except CannotSign as exc:
        fail(exc.zh, exc.en, code=2)
    if base:
        typer.echo(signed.base)
    elif curl:
        typer.echo(curl_command(request, signed, data))
    else:
        typer.echo("\n".join(f"{name}: {value}" for name, value in signed.headers.items()))


def _body(data: str) -> bytes | None:
    if not data:
        return None
    if not data.startswith("@"):
        return data.encode()
    try:
        return sys.stdin.buffer.read() if data == "@-" else Path(data[1:]).read_bytes()
    except OSError as exc:
        fail(
            f"读不了 {data[1:]}：{exc.strerror}", f"cannot read {data[1:]}: {exc.strerror}", code=2
        )
