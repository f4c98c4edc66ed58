"""What tells others: WeChat's pushes come in, and webhooks hear of them and of jobs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.ids import new_id
from fetch.post import Poster
from jobs.announce import Announce
from jobs.context import JobsContext
from jobs.deliver import Deliveries, Way
from jobs.inbox import Inbox
from jobs.webhooks import Secrecy, Webhooks
from notify.alerting.lapse import Lapse
from notify.audit_follower import DUTY, AuditFollower
from server.following import in_background
from server.settings import Settings
from store.engine import Database
from store.leader import Leader

_LEASE_S = 30.0


@dataclass(frozen=True)
class Telling:
    """The inbox, and the webhooks that are being told."""

    inbox: Inbox
    webhooks: Webhooks


def _audit_news(database: Database, clock: Clock) -> AuditFollower:
    # Of an owner of its own: its lease is never taken for that of another gateway in the process.
    leader = Leader(database, DUTY, new_id("own"), lease_s=_LEASE_S, clock=clock)
    return AuditFollower(database, leader, clock=clock)


@asynccontextmanager
async def open_telling(
    settings: Settings,
    context: JobsContext,
    secrecy: Secrecy,
    wake: Callable[[], None],
    *,
    works: bool,
) -> AsyncIterator[Telling]:
    """Webhooks are told until the end of the block, if this process `works`.

    `wake` is the engine's.
    """
    database, clock = context.database, context.clock
    poster = Poster(settings.fetch, timeout_s=settings.webhooks.timeout_s)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(poster.aclose)
        deliveries = Deliveries(
            database,
            Way(poster, secrecy.sealer, context.live_client, context.metrics),
            settings=settings.webhooks,
            keep_events_s=settings.callback.keep_s,
            clock=clock,
        )
        if works:
            await stack.enter_async_context(deliveries)
            await stack.enter_async_context(_audit_news(database, clock))
            lapse = Lapse(database, clock=clock)
            await stack.enter_async_context(in_background(lapse.run(), name="alerts: lapse"))
        webhooks = Webhooks(
            *(database, secrecy, poster, deliveries.wake),
            max_per_client=settings.webhooks.max_per_client,
            clock=clock,
        )
        inbox = Inbox(*(database, Announce(clock), context.live_client, wake), clock=clock)
        yield Telling(inbox, webhooks)
