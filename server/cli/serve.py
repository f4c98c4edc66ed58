from typing import Annotated

import typer

from server.cli.common import ConfigOption, fail, fail_with, read_settings


def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str, typer.Option("--listen", help="覆盖配置的监听地址 / HOST:PORT instead of the file's")
    ] = "",
) -> None:
    """启动网关，直到 Ctrl-C / start the gateway, until Ctrl-C."""
    from core.errors import GatewayError
    from core.logging import setup_logging
    from server.process import run, run_gateway
    from server.settings import warnings_of

    settings = read_settings(config)
    if listen:
        server = settings.server.model_copy(update={"listen": listen})
        settings = settings.model_copy(update={"server": server})
    for warning in warnings_of(settings):
        typer.echo(f"注意 / note: {warning.key}: {warning.problem}", err=True)
    setup_logging(settings.log)
    try:
        run(run_gateway(settings))
    except GatewayError as exc:
        fail_with(exc)
    except OSError as exc:
        fail(
            f"无法监听 {settings.server.listen}：{exc.strerror}",
            f"cannot listen on {settings.server.listen}: {exc.strerror}",
            code=3,
        )
