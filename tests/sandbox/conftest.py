from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.sandbox.caller import Caller

Start = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts sandboxes with the settings given; `publish_s` is an hour, so tests move the clock."""
    async with AsyncExitStack() as stack:

        async def start_one(**settings: Any) -> Caller:
            made = SandboxSettings.model_validate({"publish_s": 3600} | settings)
            sandbox = await stack.enter_async_context(run_sandbox(made))
            client = httpx.AsyncClient(base_url=sandbox.url, trust_env=False)
            http = await stack.enter_async_context(client)
            return Caller(sandbox, http)

        yield start_one


@pytest.fixture
async def caller(start: Start) -> Caller:
    """A caller of a sandbox with the default switches."""
    return await start()


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[str, str]:
    """Paths of a certificate for 127.0.0.1, which is its own authority's chain, and its key."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for blob in [*issued.cert_chain_pems, authority.cert_pem]:
        blob.write_to_path(cert, append=True)
    issued.private_key_pem.write_to_path(key)
    return str(cert), str(key)
