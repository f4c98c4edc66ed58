from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    ConfigOption,
    config_path,
    fail,
    fail_with,
    print_warnings,
    read_settings,
)

if TYPE_CHECKING:
    from server.settings import Settings


def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str, typer.Option("--listen", help="覆盖配置的监听地址 / HOST:PORT instead of the file's")
    ] = "",
) -> None:
    """启动网关，直到 Ctrl-C / start the gateway, until Ctrl-C.

    SIGTERM 或第一次 Ctrl-C：在途请求与任务有序结束，退出码 0；再来一次立即结束，任务不会丢。
    SIGTERM or the first Ctrl-C: calls and jobs under way come to an orderly stop, exit status 0.
    A second one ends it at once; no job is lost.

    退出码 / exit status: 0 已停止 stopped · 2 配置有误 bad configuration · 3 无法启动 cannot start

    配置文件改动后几秒内自动生效，SIGHUP 立即重读；写错了就继续用原来的。
    A changed configuration is taken up within seconds, at once on SIGHUP; a wrong one never.

    \b
    例 / example:
      wxgate serve
      wxgate serve --config /etc/wxgate/config.toml --listen 0.0.0.0:8080
    """
    from core.errors import GatewayError
    from core.logging import setup_logging
    from server.process import run, run_gateway
    from server.reload import ConfigFile

    source = ConfigFile(config_path(config), partial(_listening_on, listen))
    settings = read_settings(config, source.load)
    print_warnings(settings)
    setup_logging(settings.log)
    try:
        run(run_gateway(settings, source))
    except GatewayError as exc:
        fail_with(exc)


def _listening_on(listen: str, settings: "Settings") -> "Settings":
    from pydantic import ValidationError

    from server.settings import ServerSettings

    if not listen:
        return settings
    try:
        server = ServerSettings.model_validate({**settings.server.model_dump(), "listen": listen})
    except ValidationError:
        fail(f"--listen 应为 HOST:PORT：{listen}", f"--listen takes HOST:PORT: {listen}", code=2)
    return settings.model_copy(update={"server": server})
