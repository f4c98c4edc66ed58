"""What tells others: WeChat's pushes come in, and webhooks hear of them and of jobs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from accounts.clients import Clients
from core.metrics import Metrics
from fetch.post import Poster
from jobs.announce import Announce
from jobs.deliver import Deliveries, Way
from jobs.inbox import Inbox
from jobs.webhooks import Secrecy, Webhooks
from server.settings import Settings
from store.engine import Database


@dataclass(frozen=True)
class Telling:
    """The inbox, and the webhooks that are being told."""

    inbox: Inbox
    webhooks: Webhooks


@asynccontextmanager
async def open_telling(
    settings: Settings,
    database: Database,
    clients: Clients,
    secrecy: Secrecy,
    metrics: Metrics,
    wake: Callable[[], None],
) -> AsyncIterator[Telling]:
    """Webhooks are told until the end of the block; `wake` is the engine's."""
    poster = Poster(settings.fetch, timeout_s=settings.webhooks.timeout_s)
    try:
        async with Deliveries(
            database,
            Way(poster, secrecy.sealer, clients.by_id, metrics),
            settings=settings.webhooks,
            keep_events_s=settings.callback.keep_s,
            clock=time.time,
        ) as deliveries:
            webhooks = Webhooks(
                *(database, secrecy, poster, deliveries.wake),
                max_per_client=settings.webhooks.max_per_client,
                clock=time.time,
            )
            inbox = Inbox(*(database, Announce(time.time), clients.by_id, wake), clock=time.time)
            yield Telling(inbox, webhooks)
    finally:
        await poster.aclose()
