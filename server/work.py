"""What works on jobs: the engine, a handler for each kind of job, and what they share."""

import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from accounts.clients import Clients
from accounts.official import Accounts
from cache.stats import CacheStatistics
from content.archives import Archives
from content.renderer import Renderer
from content.roundtrip.changes import ChangeFinder
from content.workers import WorkerPool
from core.metrics import Metrics
from handlers.enhance import RelayCare
from handlers.relay_journal import RelayJournal
from jobs.announce import Announce
from jobs.by_hand import PublishedByHand
from jobs.changes import Changes
from jobs.context import JobsContext
from jobs.disk import DiskWatch
from jobs.draft_sight import DraftSight
from jobs.engine import Engine
from jobs.errands import errand_handlers
from jobs.files import Files
from jobs.intake import Intake
from jobs.journal import Journal
from jobs.kinds import article_handlers
from jobs.lists import JobLists
from jobs.lost_time import review_lost
from jobs.pulse import Pulse
from jobs.reschedule import Rescheduling
from jobs.resolution import Resolution
from jobs.scheduler import Scheduler
from jobs.schedules import Schedules
from jobs.service import Jobs
from jobs.settings import JobsSettings
from jobs.uploads import Uploads
from jobs.webhooks import Secrecy
from notify.happening import Tell
from proxy.call import Calls
from server.building import open_builder
from server.following import in_background
from server.rendering import make_renderer, open_workers
from server.replicas import Fellowship
from server.settings import Settings
from server.telling import Telling, open_telling
from server.templating import Templating, make_templating
from store.engine import Database
from store.images import UploadedImages
from wechat.draft import DraftClient
from wechat.mass import MassClient


@dataclass(frozen=True)
class WeChat:
    """The way to WeChat, as far as jobs need it."""

    accounts: Accounts
    calls: Calls
    caches: CacheStatistics
    metrics: Metrics
    tell: Tell


@dataclass(frozen=True)
class Timetable:
    """What is to be done when."""

    schedules: Schedules
    rescheduling: Rescheduling
    drafts: DraftSight


@dataclass(frozen=True)
class Work:
    """The engine at work, with what it shares with the handlers of requests."""

    engine: Engine
    jobs: Jobs
    lists: JobLists
    timetable: Timetable
    files: Files
    uploads: Uploads
    telling: Telling
    drafts: DraftClient
    mass: MassClient
    resolution: Resolution
    renderer: Renderer
    uploaded: UploadedImages
    templating: Templating
    archives: Archives
    disk: DiskWatch
    relay_journal: RelayJournal
    relay_care: RelayCare


@asynccontextmanager
async def open_work(
    settings: Settings,
    database: Database,
    wechat: WeChat,
    clients: Clients,
    secrecy: Secrecy,
    us: Fellowship,
) -> AsyncIterator[Work]:
    """The engine until the end of the block, working on jobs where that is this process's role."""
    journal = Journal(secrecy.audit)
    async with AsyncExitStack() as stack:
        workers = await stack.enter_async_context(open_workers(settings.content))
        renderer = make_renderer(
            workers, settings.content, wechat.accounts, wechat.caches, wechat.metrics
        )
        templating = make_templating(database, workers)
        uploaded = UploadedImages(
            database, wechat.caches.register("image", "database"), clock=time.time
        )
        builder, pictures, care = await stack.enter_async_context(
            open_builder(settings, workers, renderer, uploaded, wechat.calls)
        )
        changes, clock = Changes(), us.clock
        context = JobsContext(
            *(database, settings.jobs, us.executor, changes, journal),
            *(clients.by_id, wechat.metrics, clock, us.place.crash),
        )
        handlers = article_handlers(
            *(context, builder, uploaded, wechat.calls, wechat.calls),
            filler=templating.filler,
            finder=ChangeFinder(workers),
        )
        handlers |= errand_handlers(context, pictures, uploaded, wechat.calls)
        us.bearing.engine = engine = Engine(context, handlers)
        intake = Intake(database, settings.jobs, engine.wake, clock=clock)
        scheduler = Scheduler(context, intake)
        if us.place.role.works:
            await _start_clockwork(stack, settings, context, scheduler)
            await stack.enter_async_context(engine)
        timetable = Timetable(
            Schedules(*(database, settings.jobs, intake, scheduler.wake, journal), clock=clock),
            Rescheduling(database, changes, engine.wake, journal, clock=clock),
            DraftSight(DraftClient(wechat.calls)),
        )
        disk = await stack.enter_async_context(_watch_disk(settings, wechat))
        with_what = (database, settings.jobs, changes, engine.wake, journal)
        jobs = Jobs(*with_what, clock=clock, require_room=disk.require_room)
        files, uploads, archives = _for_files(settings.jobs, database, workers, disk)
        lists = JobLists(database, clock=clock)
        telling = await stack.enter_async_context(
            open_telling(settings, context, secrecy, engine.wake, works=us.place.role.works)
        )
        drafts, mass = DraftClient(wechat.calls), MassClient(wechat.calls)
        if us.place.role.works:
            looking = PublishedByHand(database, drafts, Announce(clock), changes, clock=clock).run()
            await stack.enter_async_context(in_background(looking, name="jobs: published by hand"))
        resolution = Resolution(database, changes, journal, clock=clock)
        shared = (lists, timetable, files, uploads, telling, drafts, mass, resolution)
        relaying = (RelayJournal(secrecy.audit), care)
        yield Work(engine, jobs, *shared, renderer, uploaded, templating, archives, disk, *relaying)


@asynccontextmanager
async def _watch_disk(settings: Settings, wechat: WeChat) -> AsyncIterator[DiskWatch]:
    disk = DiskWatch(
        *(settings.server.data_dir, settings.disk, wechat.tell, wechat.metrics),
        host=socket.gethostname(),
    )
    await disk.look()
    async with in_background(disk.run(), name="disk"):
        yield disk


async def _start_clockwork(
    stack: AsyncExitStack, settings: Settings, context: JobsContext, scheduler: Scheduler
) -> None:
    """Let jobs be made at their time. To be done before the engine starts.

    What came due meanwhile takes its place among all that is overdue, and what a store that was
    restored has forgotten is taken out, before any job is claimed.
    """
    pulse = Pulse(context.database, settings.server.data_dir, clock=context.clock)
    lost_until = await pulse.lost_until()
    if lost_until is not None:
        scheduler.lost_until = lost_until
        await review_lost(context.database, lost_until, context.clock())
    await stack.enter_async_context(scheduler)
    await stack.enter_async_context(pulse)


def _for_files(
    settings: JobsSettings, database: Database, workers: WorkerPool, disk: DiskWatch
) -> tuple[Files, Uploads, Archives]:
    """What keeps files that callers send, for articles and messages, and what unpacks them."""
    files = Files(
        database,
        max_bytes=settings.files_mb * 1_000_000,
        clock=time.time,
        require_room=disk.require_room,
    )
    uploads = Uploads(database, files, clock=time.time)
    return files, uploads, Archives(workers, max_bytes=settings.max_request_mb * 1_000_000)
