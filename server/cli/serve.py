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
    from pathlib import Path

    from server.overrides import Overrides
    from server.replicas import Place
    from server.settings import Settings

_ROLES = ("all", "relay", "api")


def serve(
    config: ConfigOption = None,
    listen: Annotated[
        str, typer.Option("--listen", help="覆盖配置的监听地址 / HOST:PORT instead of the file's")
    ] = "",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            help="进程数，覆盖 server.workers；大于 1 需要 Redis 与 PostgreSQL"
            " / processes, instead of server.workers; >1 needs Redis and PostgreSQL",
            show_default=False,
        ),
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            help="all 全部；relay 只转发；api 只答 /v1 等，不做任务（另起 wxgate worker）"
            " / all of it; relay alone; api: /v1 and so on, without doing jobs (run wxgate worker)",
        ),
    ] = "all",
) -> None:
    """启动网关，直到 Ctrl-C / start the gateway, until Ctrl-C.

    SIGTERM 或第一次 Ctrl-C：在途请求与任务有序结束，退出码 0；再来一次立即结束，任务不会丢。
    SIGTERM or the first Ctrl-C: calls and jobs under way come to an orderly stop, exit status 0.
    A second one ends it at once; no job is lost.

    退出码 / exit status: 0 已停止 stopped · 2 配置有误 bad configuration · 3 无法启动 cannot start

    配置文件改动后几秒内自动生效，SIGHUP 立即重读；写错了就继续用原来的。
    A changed configuration is taken up within seconds, at once on SIGHUP; a wrong one never.

    多进程时 SIGUSR2 逐个换新进程，期间一直有人应答；意外退出的进程会自动重启。
    Of several processes SIGUSR2 replaces one after another while the others answer; one that
    ends by accident is started again.

    \b
    例 / example:
      wxgate serve
      wxgate serve --config /etc/wxgate/config.toml --listen 0.0.0.0:8080
      wxgate serve --workers 4
      wxgate serve --role relay
    """
    if role not in _ROLES:
        fail(f"--role 应为 {' '.join(_ROLES)}", f"--role takes {' '.join(_ROLES)}", code=2)
    _serve(config, listen, workers, role)


def _serve(config: "Path | None", listen: str, workers: int | None, role: str) -> None:
    from core.errors import GatewayError
    from core.logging import setup_logging
    from server.loop import run
    from server.overrides import Overrides
    from server.process import run_gateway
    from server.reload import ConfigFile
    from server.replicas import Place
    from server.roles import Role

    place, overrides = Place(Role(role)), Overrides(listen=listen, workers=workers)
    path = config_path(config)
    source = ConfigFile(path, overrides.over)
    settings = read_settings(config, source.load)
    if role != "all":
        _require_a_shared_store(settings)
    print_warnings(settings)
    setup_logging(settings.log)
    try:
        if settings.server.workers == 1:
            run(run_gateway(settings, source, place))
        else:
            _serve_with_workers(settings, path, overrides, place)
    except GatewayError as exc:
        fail_with(exc)


def _require_a_shared_store(settings: "Settings") -> None:
    if not settings.redis.url.get_secret_value() or not settings.database.url.get_secret_value():
        fail(
            "--role 把网关拆成几个进程，需要 redis.url 和 database.url",
            "--role makes several processes of a gateway: it needs redis.url and database.url",
            code=2,
        )


def _serve_with_workers(
    settings: "Settings", config: "Path | None", overrides: "Overrides", place: "Place"
) -> None:
    from server.doors import open_doors
    from server.loop import run
    from server.supervisor import Orders, supervise

    with open_doors(settings, place.role) as doors:

        def orders(worker: int, leash: int) -> Orders:
            return Orders(
                config=None if config is None else str(config),
                overrides=overrides.model_dump(),
                role=place.role.value,
                worker=worker,
                listener=doors.listener.fileno(),
                forward=None if doors.forward is None else doors.forward.fileno(),
                leash=leash,
            )

        server = settings.server
        run(supervise(orders, server.workers, drain_s=server.drain_s))
