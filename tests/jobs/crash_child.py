"""A process that works on jobs until it is told to die, for test_crash_matrix.

Arguments: database URL ("" for SQLite), data_dir, URL of WeChat, job id, and optionally a crash
point with the signal that it sends to itself there. Ends with status 0 when the job is over.
"""

import asyncio
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

from pydantic import SecretStr

from store.engine import DatabaseSettings, open_database
from store.lock import lock_data_dir
from tests.jobs.rig import QUICK, open_work


async def main(
    database_url: str, data_dir: Path, wechat: str, job_id: str, point: str = "", sign: str = ""
) -> None:
    def crash(name: str, /) -> None:
        if name == point:
            os.kill(os.getpid(), signal.Signals[sign])

    settings = DatabaseSettings(url=SecretStr(database_url))
    lock = nullcontext() if database_url else lock_data_dir(data_dir)
    with lock:
        async with (
            open_database(settings, data_dir) as database,
            open_work(database, wechat, data_dir, settings=QUICK, crash=crash) as work,
            work.engine,
        ):
            await work.until(job_id)


if __name__ == "__main__":
    url, directory, *rest = sys.argv[1:]
    asyncio.run(main(url, Path(directory), *rest))
