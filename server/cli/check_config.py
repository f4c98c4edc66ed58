import typer

from server.cli.common import ConfigOption, read_settings


def check_config(config: ConfigOption = None) -> None:
    """检查配置，一次列出全部错误 / check the configuration, list every fault at once."""
    from server.settings import warnings_of

    settings = read_settings(config)
    for warning in warnings_of(settings):
        typer.echo(f"注意 / note: {warning.key}: {warning.problem}", err=True)
    accounts = ", ".join(account.name for account in settings.accounts) or "-"
    clients = ", ".join(client.id for client in settings.clients) or "-"
    typer.echo(f"配置正确 / configuration ok: accounts {accounts}; clients {clients}")
