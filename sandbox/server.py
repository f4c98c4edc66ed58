import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from uvicorn.config import Config

from core.tasks import TaskSet
from sandbox.app import build_app
from sandbox.faults import FaultPlan
from sandbox.ledger import Calls, Ledger
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from sandbox.settings import SandboxSettings
from sandbox.tokens import Tokens
from sandbox.world import World

_SETTLE_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that listens; tests in the same process may look and reach into it."""

    url: str  # scheme, host and port, nothing after
    port: int
    world: World
    faults: FaultPlan
    tokens: Tokens

    @property
    def ledger(self) -> Ledger:
        """All that was committed."""
        return self.world.ledger

    @property
    def calls(self) -> Calls:
        """Every API call that was made."""
        return self.world.calls


@asynccontextmanager
async def run_sandbox(
    settings: SandboxSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls_cert: str = "",
    tls_key: str = "",
) -> AsyncIterator[RunningSandbox]:
    """Serve a sandbox in this event loop until the block ends.

    Port 0 takes a free one. With `tls_cert` (a PEM chain's path) and `tls_key` it speaks HTTPS.
    Raises OSError if the address cannot be had.
    """
    async with AsyncExitStack() as stack:
        world = World(settings)
        stack.callback(world.close)
        # Pushes go to the address in the settings, not through the machine's proxy.
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        tasks = TaskSet()
        plan = FaultPlan()
        listener = Listener(protocol_with(plan), tasks, world.clock)
        app = build_app(world, plan, listener, http, tasks)
        stack.push_async_callback(tasks.aclose)
        config = Config(
            app.asgi,
            host=host,
            port=port,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        tls = _tls(tls_cert, tls_key) if tls_cert else None
        stack.push_async_callback(listener.aclose)
        await listener.open(config, tls=tls)
        scheme = "https" if tls is not None else "http"
        world.base_url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{listener.port}"
        tasks.start(_settle_forever(app.settle), name="settle what is due")
        yield RunningSandbox(world.base_url, listener.port, world, plan, app.tokens)


def _tls(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key or None)
    return context


async def _settle_forever(settle: Sequence[Callable[[], None]]) -> None:
    """End what is due in time even while nobody calls; that is when events are pushed."""
    while True:
        await asyncio.sleep(_SETTLE_EVERY_S)
        for each in settle:
            each()
