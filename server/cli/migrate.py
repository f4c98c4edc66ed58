import asyncio
from typing import TYPE_CHECKING

import typer

from server.cli.common import ConfigOption, fail_with, log_to_stderr, read_settings

if TYPE_CHECKING:
    from server.settings import Settings


def migrate(config: ConfigOption = None) -> None:
    """把数据库升级到本版本 / bring the database to this version (SQLite does so by itself).

    PostgreSQL 在首次启动前、每次升级 wxgate 后运行一次；可重复运行。
    For PostgreSQL: once before the first start and after each upgrade; running it again is safe.

    \b
    例 / example:
      WXGATE_DATABASE__URL=postgresql://wxgate@db/wxgate wxgate migrate
    """
    from core.errors import GatewayError
    from store.migrate import HEAD

    log_to_stderr()
    settings = read_settings(config)
    try:
        asyncio.run(_migrate(settings))
    except GatewayError as exc:
        fail_with(exc)
    typer.echo(f"数据库版本 / database at revision {HEAD}")


async def _migrate(settings: "Settings") -> None:
    from server.data_dir import make_data_dir
    from store.engine import open_database
    from store.migrate import migrate as bring_up

    make_data_dir(settings.server.data_dir)
    async with open_database(settings.database, settings.server.data_dir) as database:
        await bring_up(database)
