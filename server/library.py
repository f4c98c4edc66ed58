import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from accounts.audit import AuditLog
from core.tasks import TaskSet
from jobs.library import Clients, Library
from jobs.library_settings import LibrarySettings
from jobs.library_sync import LibrarySync
from proxy.call import Calls
from store.engine import Database
from store.images import UploadedImages
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient
from wechat.material import MaterialClient


@asynccontextmanager
async def open_library(
    settings: LibrarySettings,
    database: Database,
    calls: Calls,
    uploaded: UploadedImages,
    audit: AuditLog,
) -> AsyncIterator[Library]:
    """What WeChat holds; lists that are being read when the block ends are left where they are."""
    clients = Clients(DraftClient(calls), FreepublishClient(calls), MaterialClient(calls))
    async with aclosing(TaskSet()) as tasks:
        sync = LibrarySync(database, calls, settings, tasks, clock=time.time)
        yield Library(database, clients, sync, uploaded, audit, clock=time.time)
