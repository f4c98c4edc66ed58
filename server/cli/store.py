import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from server.cli.common import fail_with, log_to_stderr, read_settings

if TYPE_CHECKING:
    from accounts.audit import AuditLog
    from accounts.edits import Editor
    from server.settings import Settings
    from store.engine import Database

Result = TypeVar("Result")


@dataclass(frozen=True)
class Desk:
    """What a command that works on the store itself needs; `serve` may be running meanwhile."""

    settings: "Settings"
    database: "Database"
    master_key: bytes
    audit: "AuditLog"
    editor: "Editor"  # the person at the terminal


def at_the_desk(config: Path | None, work: Callable[[Desk], Awaitable[Result]]) -> Result:
    """What `work` returns. A GatewayError is told, and ends the command with status 1."""
    from core.errors import GatewayError

    log_to_stderr()
    settings = read_settings(config)

    async def done() -> Result:
        async with _open_desk(settings) as desk:
            return await work(desk)

    try:
        return asyncio.run(done())
    except GatewayError as exc:
        fail_with(exc, code=1)


@asynccontextmanager
async def _open_desk(settings: "Settings") -> AsyncIterator[Desk]:
    import time

    from accounts.audit import AuditLog
    from accounts.edits import Editor
    from accounts.master_key import load_master_key
    from server.data_dir import make_data_dir
    from server.store import open_store

    make_data_dir(settings.server.data_dir)
    master_key = load_master_key(settings.secrets, settings.server.data_dir)
    async with open_store(settings) as database:
        audit = AuditLog(database, master_key, clock=time.time)
        yield Desk(settings, database, master_key, audit, Editor(f"cli:{_user()}"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        return "unknown"
