import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_LOOK_S = 0.5


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long at most; whether it is set then, which it stays."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


@asynccontextmanager
async def awake_timeout(seconds: float) -> AsyncIterator[None]:
    """`asyncio.timeout` of a time in which this process was not stopped. Raises TimeoutError.

    After a SIGSTOP, or the sleep of a virtual machine, all that was asked for may have come long
    ago: its time must not be up before anybody could look.
    """
    loop = asyncio.get_running_loop()
    left_s, seen_at = seconds, loop.time()
    again: asyncio.TimerHandle

    def look() -> None:
        nonlocal left_s, seen_at, again
        now = loop.time()
        left_s -= min(now - seen_at, 2 * _LOOK_S)  # so much a busy loop may be late
        seen_at = now
        if left_s <= 0:
            timeout.reschedule(now)
        else:
            again = loop.call_later(min(left_s, _LOOK_S), look)

    async with asyncio.timeout(None) as timeout:
        again = loop.call_later(min(left_s, _LOOK_S), look)
        try:
            yield
        finally:
            again.cancel()
