"""The gateway on real sockets before a sandbox, as for the end-to-end tests; and the sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.e2e.conftest import Opens, Stand, stand
from tests.e2e.conftest import open_stand as open_plain_stand
from tests.faults.doors import BASE_URL, FORWARD, INSPECT, Entered
from tests.proxy.conftest import sandbox, time
from tests.stores import PreparedPostgres

__all__ = ["open_plain_stand", "sandbox", "stand", "time"]


@pytest.fixture
def door(request: pytest.FixtureRequest) -> str:
    """Through which relayed calls come: `each_door` says both."""
    return str(getattr(request, "param", BASE_URL))


@pytest.fixture
def open_stand(open_plain_stand: Opens, door: str) -> Opens:
    """Opens a Stand that is entered through `door`."""

    @asynccontextmanager
    async def opened(change: dict[str, Any] | None = None, **sandbox: Any) -> AsyncIterator[Stand]:
        also = {"forward": FORWARD} if door == INSPECT else {}
        async with open_plain_stand({**also, **(change or {})}, **sandbox) as plain:
            yield Entered(**{**vars(plain), "door": door})

    return opened


@pytest.fixture(scope="module")
def replicas_database(_prepared_postgres: PreparedPostgres) -> str:
    """The URL of a real PostgreSQL, migrated and empty, for all tests of a file."""
    return _prepared_postgres.emptied()
