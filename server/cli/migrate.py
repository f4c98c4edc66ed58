import asyncio

import typer

from server.cli.common import ConfigOption, read_settings


def migrate(config: ConfigOption = None) -> None:
    """把数据库升级到本版本 / bring the database to this version (SQLite does so by itself)."""
    from store.engine import database_url
    from store.migrate import migrate as migrate_store

    settings = read_settings(config)
    url = database_url(settings.database, settings.server.data_dir)
    revision = asyncio.run(migrate_store(url))
    typer.echo(f"数据库版本 / database at revision {revision}")
