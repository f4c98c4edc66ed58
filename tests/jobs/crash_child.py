"""A process that works on jobs until it is told to die, for test_crash_matrix.

Arguments: database URL ("" for SQLite), data_dir, URL of WeChat, how far its clock is ahead, job
id, and optionally a crash point with the signal that it sends to itself there. Ends with status 0 when the job is over.
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
from tests.jobs.callers import caller
from tests.jobs.rig import QUICK, open_work


async def main(
    database_url: str,
    data_dir: Path,
    wechat: str,
    ahead_s: float,
    job_id: str,
    *crash_at: str,
) -> None:
    def crash(name: str, /) -> None:
        if name in crash_at[:1]:
            os.kill(os.getpid(), signal.Signals[crash_at[1]])

    settings = DatabaseSettings(url=SecretStr(database_url))
    lock = nullcontext() if database_url else lock_data_dir(data_dir)
    with lock:
        async with (
            open_database(settings, data_dir) as database,
            open_work(database, wechat, data_dir, settings=QUICK, crash=crash) as work,
        ):
            work.time.ahead_s = ahead_s
            work.callers.said["blog"] = caller(scopes=["draft", "publish", "mass"])
            async with work.engine:
                await work.until(job_id)


if __name__ == "__main__":
    url, directory, wechat_url, ahead, *rest = sys.argv[1:]
    asyncio.run(main(url, Path(directory), wechat_url, float(ahead), *rest))
