"""What tells others: WeChat's pushes come in, and webhooks hear of them and of jobs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from accounts.clients import Clients
from core.ids import new_id
from core.metrics import Metrics
from fetch.post import Poster
from jobs.announce import Announce
from jobs.deliver import Deliveries, Way
from jobs.inbox import Inbox
from jobs.webhooks import Secrecy, Webhooks
from notify.audit_follower import DUTY, AuditFollower
from notify.lapse import Lapse
from server.settings import Settings
from store.engine import Database
from store.leader import Leader

_LEASE_S = 30.0


@dataclass(frozen=True)
class Telling:
    """The inbox, and the webhooks that are being told."""

    inbox: Inbox
    webhooks: Webhooks


def _audit_news(database: Database) -> AuditFollower:
    # Of an owner of its own: its lease is never taken for that of another gateway in the process.
    leader = Leader(database, DUTY, new_id("own"), lease_s=_LEASE_S, clock=time.time)
    return AuditFollower(database, leader, clock=time.time)


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
        async with (
            Deliveries(
                database,
                Way(poster, secrecy.sealer, clients.by_id, metrics),
                settings=settings.webhooks,
                keep_events_s=settings.callback.keep_s,
                clock=time.time,
            ) as deliveries,
            _audit_news(database),
            Lapse(database, clock=time.time),
        ):
            webhooks = Webhooks(
                *(database, secrecy, poster, deliveries.wake),
                max_per_client=settings.webhooks.max_per_client,
                clock=time.time,
            )
            inbox = Inbox(*(database, Announce(time.time), clients.by_id, wake), clock=time.time)
            yield Telling(inbox, webhooks)
    finally:
        await poster.aclose()
