from contextlib import AsyncExitStack

from core.metrics import Metrics
from notify.bulletin import Bulletin
from proxy.alarms import SILENT, Alarms
from store.engine import Database


async def open_alarms(stack: AsyncExitStack, told: Database | None, metrics: Metrics) -> Alarms:
    """What tells of calls to WeChat, by writing it to `told`; None: nobody is told."""
    if told is None:
        return SILENT
    return Alarms(await stack.enter_async_context(Bulletin(told, metrics)))
