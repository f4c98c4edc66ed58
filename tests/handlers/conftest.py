from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import httpx
import pytest
from starlette.types import ASGIApp


@pytest.fixture
def http() -> Callable[[ASGIApp], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Opens a client that calls an ASGI app without a socket."""

    def open_client(app: ASGIApp) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://gate.test")

    return open_client
