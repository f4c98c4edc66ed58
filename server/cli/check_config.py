import typer

from server.cli.common import ConfigOption, fail_with, print_warnings, read_settings


def check_config(config: ConfigOption = None) -> None:
    """检查配置，一次列出全部错误 / check the configuration, list every fault at once.

    退出码 / exit status: 0 正确 ok · 2 有错误 faults

    \b
    例 / example:
      wxgate check-config
      wxgate check-config --config /etc/wxgate/config.toml
    """
    from content.markdown.extensions import load_extension
    from core.errors import GatewayError

    settings = read_settings(config)
    try:
        for name in settings.content.extensions:
            load_extension(name)
    except GatewayError as exc:
        fail_with(exc, code=2)
    print_warnings(settings)
    accounts = ", ".join(account.name for account in settings.accounts) or "-"
    clients = ", ".join(client.id for client in settings.clients) or "-"
    typer.echo(f"配置正确 / configuration ok: accounts {accounts}; clients {clients}")
