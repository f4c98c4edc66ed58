"""A process that works on jobs until it is told to die."""

import asyncio
import os
import signal
from contextlib import nullcontext
from pathlib import Path

from pydantic import SecretStr

from store.engine import DatabaseSettings, open_database
from store.lock import lock_data_dir
from tests.jobs.callers import caller
from tests.jobs.rig import QUICK, open_work


def work_on(
    database_url: str, data_dir: Path, wechat: str, ahead_s: float, job_id: str, *crash_at: str
) -> None:
    """Work until the job is over.

    Args:
        database_url: "" for SQLite.
        data_dir: the gateway's.
        wechat: its URL.
        ahead_s: how far the process's clock is ahead.
        job_id: whose end it waits for.
        crash_at: a crash point, and the signal that it sends to itself there.
    """
    asyncio.run(_work_on(database_url, data_dir, wechat, ahead_s, job_id, *crash_at))


async def _work_on(
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
