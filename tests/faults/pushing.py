"""A WeChat that really pushes: over a socket, to the callback of an engine at work."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config

from accounts.official import Accounts
from core.tasks import TaskSet
from handlers.callback import CallbackHandler
from handlers.errors import EXCEPTION_HANDLERS
from jobs.announce import Announce
from jobs.inbox import Inbox
from sandbox.faults import FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from store import events
from store.engine import Database
from store.events import EventRow
from tests.gateway import MAIN
from tests.jobs.rig import Rig, open_rig
from wechat.pushed import PUBLISHED

TOKEN, KEY = "callbackToken", "k" * 43


class Late:
    """Listens before there is anything behind it."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@dataclass
class Pushing:
    """An engine, the WeChat that pushes to it, and what became of its pushes."""

    rig: Rig
    counted: Counter[str]
    url: str

    async def event_of(self, publish_id: str) -> EventRow | None:
        async with self.rig.database.read() as connection:
            return await events.about(connection, "main", PUBLISHED, publish_id)

    async def until_counted(self, **wanted: int) -> None:
        async with asyncio.timeout(20):
            while any(self.counted[name] < count for name, count in wanted.items()):
                await asyncio.sleep(0.01)

    def gets(self) -> int:
        return self.rig.calls("/cgi-bin/freepublish/get")


@asynccontextmanager
async def open_pushing(
    database: Database, data_dir: Path, *, safe: bool = True, publish_s: float = 0.1, **how: Any
) -> AsyncIterator[Pushing]:
    """With `safe` in WeChat's safe mode, else in plain."""
    late, tasks, counted = Late(), TaskSet(), Counter[str]()
    listener = Listener(protocol_with(FaultPlan()), tasks, time.time)
    await listener.open(Config(late, port=0, ws="none", lifespan="off", log_config=None), tls=None)
    url = f"http://127.0.0.1:{listener.port}/callback/main"
    key = KEY if safe else ""
    pushed_to = {"callback_url": url, "callback_token": TOKEN, "encoding_aes_key": key}
    settings = SandboxSettings(
        publish_s=publish_s, accounts=(VERIFIED.model_copy(update=pushed_to),)
    )
    secrets = {"callback_token": SecretStr(TOKEN), "encoding_aes_key": SecretStr(key)}
    try:
        async with (
            run_sandbox(settings) as sandbox,
            open_rig(database, sandbox, data_dir, **how) as rig,
        ):
            inbox = Inbox(
                *(database, Announce(rig.time), rig.callers, rig.engine.wake), clock=rig.time
            )
            handler = CallbackHandler(
                *(Accounts([MAIN.model_copy(update=secrets)]), inbox),
                lambda _account, outcome: counted.update([outcome]),
                tolerance_s=600,
                clock=rig.time,
            )
            route = Route("/callback/{account}", handler.push, methods=["POST"])
            late.app = Starlette(routes=[route], exception_handlers=EXCEPTION_HANDLERS)
            yield Pushing(rig, counted, url)
    finally:
        await listener.aclose()
        await tasks.aclose()
