"""What tells people: channels, the routes to them, and what sends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cache.keys import Keys
from cache.shared_windows import SharedWindows
from cache.windows import MemoryWindows, Windows
from content.template_work import TemplateWork
from fetch.post import Poster
from handlers.channel_desk import ChannelDesk
from jobs.webhooks import Secrecy
from notify.alerting.alerts import Alerts
from notify.alerting.unresolved import Unresolved
from notify.channels import Channels
from notify.client_notifications import ClientNotifications
from notify.delivery import Delivery, Way
from notify.digest import Digests
from notify.happening import Tell
from notify.kinds import Means
from notify.outbox import Notifications
from notify.rounds import Rounds
from notify.routing import Routing
from server.alerting import Alerting, open_alerting
from server.following import follow_channels, in_background
from server.replicas import Fellowship
from server.settings import Settings
from server.wording import TemplateWords
from server.work import WeChat
from store import sending
from store.engine import Database
from store.watch import Watcher


class Rules:
    """What is told to whom, as the configuration has it now."""

    def __init__(self, settings: Settings) -> None:
        self.notify = settings.notify
        self.alerts = settings.alerts


@dataclass(frozen=True)
class Kept:
    """Where channels are kept that were made through the API."""

    database: Database
    watcher: Watcher
    secrecy: Secrecy


@dataclass(frozen=True)
class Notifying:
    """The way to people, and what is written down for them."""

    rules: Rules
    channels: Channels
    channel_desk: ChannelDesk
    words: TemplateWords
    notifications: Notifications
    sent: ClientNotifications
    rounds: Rounds
    alerting: Alerting

    def put(self, settings: Settings) -> None:
        """Let the routes and channels of `settings` count from now on."""
        self.rules.notify = settings.notify
        self.rules.alerts = settings.alerts
        self.channels.replace_file(settings.channels)


@asynccontextmanager
async def open_notifying(
    settings: Settings,
    kept: Kept,
    work: TemplateWork,
    us: Fellowship,
    tell: Tell,
    *,
    wechat: WeChat,
) -> AsyncIterator[Notifying]:
    """People are told until the end of the block, by processes whose role it is."""
    rules, clock, database = Rules(settings), us.clock, kept.database
    async with AsyncExitStack() as stack:
        poster = Poster(settings.fetch, timeout_s=settings.fetch.timeout_s)
        stack.push_async_callback(poster.aclose)
        windows = await stack.enter_async_context(_open_windows(settings, us))
        channels = Channels(settings.channels, Means(poster, database, tell, windows, clock))
        stack.push_async_callback(channels.aclose)
        # Before anything is sent by one of them.
        await follow_channels(kept.watcher, database, kept.secrecy.sealer, channels)
        words = TemplateWords(database, work, clock=clock)
        if us.executor.alone:
            async with database.write() as connection:
                await sending.release(connection, None, clock())
        delivery = Delivery(
            *(database, Way(channels, words, wechat.metrics)),
            owner=us.executor.id,
            settings=lambda: rules.notify,
            clock=clock,
        )
        notifications = Notifications(lambda: rules.notify, delivery.wake, clock=clock)
        routing = Routing(
            *(database, notifications, Alerts(lambda: rules.alerts), wechat.metrics),
            settings=lambda: rules.notify,
            clock=clock,
            public_url=settings.server.public_url,
        )
        digests = Digests(*(database, channels), settings=lambda: rules.notify, clock=clock)
        rounds = Rounds(*(database, routing, digests), settings=lambda: rules.notify, clock=clock)
        if us.place.role.works:
            await stack.enter_async_context(delivery)
            for run in (rounds.run, rounds.keep_tidy):
                await stack.enter_async_context(in_background(run(), name="notifications"))
        counting = Unresolved(database, wechat.metrics)
        await stack.enter_async_context(in_background(counting.run(), name="alerts: count"))
        secrecy = kept.secrecy
        desk = ChannelDesk(*(database, secrecy.sealer, secrecy.audit, channels), clock=clock)
        alerting = await stack.enter_async_context(
            open_alerting(
                *(lambda: rules.alerts, database, wechat.accounts, secrecy.audit, rounds.wake),
                clock=clock,
            )
        )
        sent = ClientNotifications(database, channels, words, notifications, clock=clock)
        yield Notifying(rules, channels, desk, words, notifications, sent, rounds, alerting)


@asynccontextmanager
async def _open_windows(settings: Settings, us: Fellowship) -> AsyncIterator[Windows]:
    """What counts messages at their providers' pace: apart from the calls of clients."""
    local = MemoryWindows()
    if us.link is None:
        yield local
        return
    keys = Keys(f"{settings.redis.prefix}-notify")
    gateways = us.gateways(settings)
    async with SharedWindows(us.link, keys, local, expected=gateways, clock=us.clock) as windows:
        yield windows
