import asyncio
from collections.abc import Awaitable, Callable
from typing import Never

import structlog

from core.awake import is_set_within
from store.engine import StorageUnavailable

log = structlog.get_logger(__name__)

Round = Callable[[], Awaitable[object]]


async def for_ever(
    work: Round,
    *,
    every_s: float | Callable[[], float],
    failed: str,
    away: str = "",
    first_s: float = 0.0,
    awake: asyncio.Event | None = None,
) -> Never:
    """Do `work` again and again until cancelled; no failure ends it, see `survive`.

    A pause of `every_s` follows each round, whatever came of it; `awake` ends it at once, set
    during the round too. The first round comes after `first_s`. Who does what only one process
    does asks its `Leader` at the beginning of the round.
    """
    await asyncio.sleep(first_s)
    awake = awake or asyncio.Event()
    while True:
        awake.clear()
        await survive(work, failed=failed, away=away)
        await is_set_within(awake, every_s() if callable(every_s) else every_s)


async def survive(work: Round, *, failed: str, away: str = "") -> None:
    """One round that no failure gets out of: why the store is `away` is a line in the log.

    Whatever else `failed` is logged with its traceback.
    """
    try:
        await work()
    except StorageUnavailable as exc:
        log.warning(away or failed, reason=str(exc))
    except Exception:
        log.exception(failed)
