from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from store.engine import Database
from tests.jobs.office import Office
from tests.jobs.rig import Rig, open_rig


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A WeChat whose publications take a quarter of a second."""
    async with run_sandbox(SandboxSettings(publish_s=0.25)) as running:
        yield running


@pytest.fixture
async def rig(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine at work, on each kind of store."""
    async with open_rig(database, sandbox, tmp_path) as opened:
        yield opened


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)
