"""A process that claims jobs until there are none, for faults 136: prints the id of each.

Arguments: database URL ("" for SQLite), data_dir.
"""

import asyncio
import os
import sys
from pathlib import Path

from pydantic import SecretStr

from store import jobs
from store.engine import DatabaseSettings, open_database
from store.jobs import Lease

_AT_ONCE = 8


async def main(database_url: str, data_dir: Path) -> None:
    settings = DatabaseSettings(url=SecretStr(database_url))
    lease = Lease(owner=str(os.getpid()), now=1_000, until=2_000)
    async with open_database(settings, data_dir) as database:
        while True:
            async with database.write() as connection:
                rows = await jobs.claim(connection, lease, limit=_AT_ONCE)
            if not rows:
                return
            print(*(f"{row.id} {row.epoch}" for row in rows), sep="\n", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
