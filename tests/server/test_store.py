from pathlib import Path

import pytest
from pydantic import SecretStr

from server.settings import Settings
from server.store import open_store
from store.engine import DatabaseSettings
from store.migrate import SchemaOutdated


async def test_sqlite_is_migrated_and_postgresql_only_looked_at(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings.model_validate(
        {
            "server": {"data_dir": tmp_path},
            "database": DatabaseSettings(url=SecretStr(database_url)),
        }
    )
    if database_url:
        with pytest.raises(SchemaOutdated):
            async with open_store(settings):
                pass
    else:
        async with open_store(settings) as database:
            await database.ping()
