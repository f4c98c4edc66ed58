import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from content.filling import TemplateFiller
from content.template_work import TemplateWork
from content.workers import WorkerLimits, WorkerPool
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import Database, DatabaseSettings, open_database
from tests.e2e.conftest import open_stand, stand
from tests.gateway import Gateway, Setup, open_gateway
from tests.handlers.relaying import LOGIN
from tests.stores import PreparedSqlite

__all__ = ["open_stand", "stand"]


@pytest.fixture
def http() -> Callable[[ASGIApp], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Opens a client that calls an ASGI app without a socket."""

    def open_client(app: ASGIApp) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://gate.test")

    return open_client


@pytest.fixture
async def store(prepared_sqlite: PreparedSqlite, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty, migrated SQLite store."""
    prepared_sqlite.put(tmp_path)
    async with open_database(DatabaseSettings(), tmp_path) as opened:
        yield opened


@pytest.fixture
async def workers() -> AsyncIterator[WorkerPool]:
    """Real worker processes."""
    pool = WorkerPool(WorkerLimits(), size=1)
    yield pool
    await pool.aclose()


@pytest.fixture
def templates(store: Database, workers: WorkerPool) -> TemplateFiller:
    """Fills the templates of the store in, and the built-in ones."""
    return TemplateFiller(store, TemplateWork(workers), clock=time.time)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A WeChat of the test's own."""
    async with run_sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
def upstream(sandbox: RunningSandbox) -> UpstreamSettings:
    """Where the relay finds it."""
    return UpstreamSettings(base_urls=(sandbox.url,), mp_base_url=sandbox.url, timeout_s=2)


@pytest.fixture
async def gateway(upstream: UpstreamSettings, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The relay before the sandbox."""
    async with open_gateway(Setup(upstream, tmp_path)) as opened:
        yield opened


@pytest.fixture
async def gate(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of the relay without any credential."""
    async with gateway.client() as client:
        yield client


@pytest.fixture
async def token(gate: httpx.AsyncClient) -> str:
    """A virtual token of the client `blog` for the account `main`."""
    return str((await gate.get("/cgi-bin/token", params=LOGIN)).json()["access_token"])
