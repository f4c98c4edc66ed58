from server.cli.common import ConfigOption, config_path, fail, fail_with, read_settings


def worker(config: ConfigOption = None) -> None:
    """只做后台任务、不监听端口；需要 PostgreSQL / work on jobs without a port; wants PostgreSQL.

    收到 SIGTERM 后让在途请求结束再退出，退出码 0。
    After SIGTERM it lets what is under way end, with exit status 0.

    \b
    例 / example:
      WXGATE_DATABASE__URL=postgresql://wxgate@db/wxgate wxgate worker
    """
    from core.errors import GatewayError
    from core.logging import setup_logging
    from server.loop import run
    from server.process import run_worker
    from server.reload import ConfigFile

    source = ConfigFile(config_path(config))
    settings = read_settings(config, source.load)
    if not settings.database.url.get_secret_value():
        fail(
            "worker 需要 [database] url 指向 PostgreSQL；SQLite 时 serve 自己就做任务",
            "worker wants [database] url to name a PostgreSQL; on SQLite serve does the jobs",
            code=2,
        )
    setup_logging(settings.log)
    try:
        run(run_worker(settings, source))
    except GatewayError as exc:
        fail_with(exc)
