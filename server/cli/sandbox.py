from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import fail

if TYPE_CHECKING:
    from sandbox.server import RunningSandbox
    from sandbox.settings import SandboxSettings


def sandbox(
    listen: Annotated[
        str,
        typer.Option("--listen", help="监听地址，端口 0 为任取 / HOST:PORT, port 0: a free one"),
    ] = "127.0.0.1:9000",
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="状态存放处；默认只在内存 / keeps all state; else memory"),
    ] = None,
    tls_cert: Annotated[
        str, typer.Option("--tls-cert", help="证书链 PEM，启用 HTTPS / PEM chain: speak HTTPS")
    ] = "",
    tls_key: Annotated[str, typer.Option("--tls-key", help="证书私钥 PEM / its key")] = "",
    latency_ms: Annotated[
        int, typer.Option("--latency-ms", min=0, help="每次调用的延迟 / added to every API call")
    ] = 0,
    publish_seconds: Annotated[
        float, typer.Option("--publish-seconds", min=0, help="发布所需时间 / time to publish")
    ] = 0.5,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            "--switch",
            help="行为开关 NAME=VALUE，可重复，如 resubmit=refuse_40007、lengths=strict"
            " / a behaviour, repeatable; `--switch help` lists them",
        ),
    ] = None,
) -> None:
    """启动沙箱（模拟的微信），直到 Ctrl-C / start a WeChat to try on, until Ctrl-C.

    \b
    例 / example:
      wxgate sandbox --listen 127.0.0.1:9000
      wxgate sandbox --latency-ms 200 --switch lengths=strict
    """
    import asyncio

    from core.logging import LogSettings, setup_logging

    if switch == ["help"]:
        typer.echo(_list_switches())
        return
    settings = _settings(
        {"data_dir": data_dir, "latency_s": latency_ms / 1000, "publish_s": publish_seconds},
        switch or [],
    )
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        fail(f"--listen 要写成 HOST:PORT：{listen}", f"--listen takes HOST:PORT: {listen}", code=2)
    setup_logging(LogSettings.model_validate({"level": "warning"}))
    try:
        asyncio.run(_serve(settings, host.strip("[]"), int(port), tls_cert, tls_key))
    except OSError as exc:
        reason = exc.strerror or exc
        fail(f"沙箱无法启动：{listen}：{reason}", f"cannot start on {listen}: {reason}", code=3)


def _switches() -> list[str]:
    from sandbox.settings import SandboxSettings

    given_otherwise = {"accounts", "data_dir", "latency_s", "publish_s", "quotas"}
    return [name for name in SandboxSettings.model_fields if name not in given_otherwise]


def _list_switches() -> str:
    from sandbox.settings import SandboxSettings

    fields = SandboxSettings.model_fields
    return "\n".join(
        f"{name}={fields[name].default}\n    {fields[name].description}" for name in _switches()
    )


def _settings(values: dict[str, object], switches: list[str]) -> "SandboxSettings":
    from pydantic import ValidationError

    from sandbox.settings import SandboxSettings

    known = _switches()
    for pair in switches:
        name, equals, value = pair.partition("=")
        if not equals or name not in known:
            names = " ".join(known)
            fail(f"没有开关 {pair}；有：{names}", f"no switch {pair}; there are: {names}", code=2)
        # Some switches are numbers, such as an errcode.
        values[name] = int(value) if value.isdecimal() else value
    try:
        return SandboxSettings.model_validate(values)
    except ValidationError as exc:
        problems = "; ".join(f"{error['loc'][0]}: {error['msg']}" for error in exc.errors())
        fail(f"设置有误：{problems}", f"cannot be set: {problems}", code=2)


async def _serve(
    settings: "SandboxSettings", host: str, port: int, tls_cert: str, tls_key: str
) -> None:
    from sandbox.server import run_sandbox
    from server.signals import stop_signals

    with stop_signals() as stop:
        async with run_sandbox(
            settings, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key
        ) as running:
            typer.echo(_welcome(running, settings))
            await stop.wait()


def _welcome(running: "RunningSandbox", settings: "SandboxSettings") -> str:
    accounts = "\n".join(
        f"  {account.name}（{'已认证 / verified' if account.verified else '个人 / personal'}）\n"
        f"    AppID {account.app_id}   AppSecret {account.app_secret}"
        for account in settings.accounts
    )
    first = settings.accounts[0]
    query = f"grant_type=client_credential&appid={first.app_id}&secret={first.app_secret}"
    fault = '{"kind": "reset_after_commit", "path": "/cgi-bin/draft/add"}'
    return (
        f"沙箱已启动，Ctrl-C 结束 / the sandbox is up, Ctrl-C ends it\n  {running.url}\n"
        f"公众号 / accounts\n{accounts}\n"
        f"账本 / what was committed   {running.url}/sandbox/ledger\n"
        f"调用计数 / calls by path    {running.url}/sandbox/calls\n"
        f"故障注入 / plan a fault     curl -d '{fault}' {running.url}/sandbox/faults\n"
        f"试一下 / try it             curl '{running.url}/cgi-bin/token?{query}'"
    )
