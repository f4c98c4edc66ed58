"""Section A: keys and sessions that end, in all processes; and keys that are exchanged."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.conftest import free_port
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml
from tests.server.cli.commands import wxgate_process

COUNT = "/cgi-bin/draft/count"
_PATIENCE_S = 60  # of a busy machine; what is promised is 5 s, and the look is every second


class Fleet:
    """Two gateways, each a process with a data_dir of its own, on one PostgreSQL."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        (folder / "master.key").write_text("5a" * 32)
        self.env = {
            "WXGATE_DATABASE__URL": database_url,
            "WXGATE_SECRETS__MASTER_KEY_FILE": str(folder / "master.key"),
        }
        self.gates: list[httpx.AsyncClient] = []

    async def open(self, stack: AsyncExitStack) -> None:
        sandbox = await stack.enter_async_context(run_sandbox(SandboxSettings()))
        for name in ("one", "two"):
            port = free_port()
            config = configuration(sandbox, self._folder / name, port)
            # Who asks until a new key is known here is not to be locked out for it.
            config["auth"] = {"failures_per_minute": 1_000, "address_failures_per_minute": 1_000}
            write_toml(self._folder / f"{name}.toml", config)
            if name == "one":
                assert (await self.wxgate("migrate")).exit_code == 0
            url = f"http://127.0.0.1:{port}"
            served = serve(self._folder / f"{name}.toml", url, KEY, self.env)
            await stack.enter_async_context(served)
            http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)
            self.gates.append(await stack.enter_async_context(http))

    async def wxgate(self, *arguments: str) -> Any:
        config = ("--config", str(self._folder / "one.toml"))
        return await wxgate_process(*arguments, *config, env=self.env)

    async def json(self, *arguments: str) -> Any:
        done = await self.wxgate("clients", *arguments, "--json")
        return json.loads(done.stdout)

    async def everywhere(self, holds: Callable[[httpx.AsyncClient], Awaitable[bool]]) -> None:
        """Wait until it holds at every gateway."""
        async with asyncio.timeout(_PATIENCE_S):
            for gate in self.gates:
                while not await holds(gate):
                    await asyncio.sleep(0.1)


@pytest.fixture
async def fleet(postgres_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        fleet = Fleet(tmp_path, postgres_url)
        await fleet.open(stack)
        yield fleet


def takes(bearer: str, *, code: int = 200) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    """Whether a gateway answers that bearer so."""

    async def asked(gate: httpx.AsyncClient) -> bool:
        answer = await gate.get(COUNT, headers={"authorization": f"Bearer {bearer}"})
        return answer.status_code == code

    return asked


def knows(token: str) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    """Whether a gateway takes that virtual token."""

    async def asked(gate: httpx.AsyncClient) -> bool:
        return "total_count" in (await gate.get(COUNT, params={"access_token": token})).json()

    return asked


def unknown(token: str) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    """Whether a gateway refuses that virtual token as WeChat would."""

    async def asked(gate: httpx.AsyncClient) -> bool:
        answer = await gate.get(COUNT, params={"access_token": token})
        return bool(answer.json().get("errcode") == 42001)

    return asked


async def session(gate: httpx.AsyncClient, key: str) -> str:
    login = {"client_id": "shop", "client_secret": key}
    return str((await gate.post("/v1/auth/token", json=login)).json()["access_token"])


async def virtual(gate: httpx.AsyncClient, bearer: str) -> str:
    body = {"grant_type": "client_credential", "appid": "main"}
    headers = {"authorization": f"Bearer {bearer}"}
    answer = await gate.post("/cgi-bin/stable_token", json=body, headers=headers)
    return str(answer.json()["access_token"])


async def test_015_what_is_revoked_is_refused_by_every_process(fleet: Fleet) -> None:
    one, two = fleet.gates
    made = await fleet.json("add", "shop", "--scope", "relay:read", "--account", "main")
    key = made["key"]
    await fleet.everywhere(takes(key))
    ended, kept = await session(one, key), await session(two, key)
    by_key, by_session = await virtual(one, key), await virtual(two, ended)
    for works in (takes(ended), takes(kept), knows(by_key), knows(by_session)):
        await fleet.everywhere(works)
    # One session ends, and what was got by it; all else goes on.
    assert (await two.post("/v1/auth/revoke", json={"token": ended})).json() == {"revoked": True}
    await fleet.everywhere(takes(ended, code=401))
    await fleet.everywhere(unknown(by_session))
    for works in (takes(key), takes(kept), knows(by_key)):
        await fleet.everywhere(works)
    # The key ends, by a third process, and with it all that was got with it.
    await fleet.json("revoke", "shop", made["keys"][0]["id"])
    for refused in (takes(key, code=401), takes(kept, code=401), unknown(by_key)):
        await fleet.everywhere(refused)


async def test_021_keys_are_exchanged_without_a_restart(fleet: Fleet) -> None:
    old = (await fleet.json("add", "shop", "--scope", "relay:read", "--account", "main"))["key"]
    await fleet.everywhere(takes(old))
    token = await virtual(fleet.gates[0], old)
    rotated = await fleet.json("rotate", "shop", "--overlap", "1h")
    new = rotated["key"]
    for works in (takes(new), takes(old), knows(token)):
        await fleet.everywhere(works)
    fresh = await virtual(fleet.gates[1], new)
    (ending,) = [each["id"] for each in rotated["keys"] if each["expires_at"]]
    await fleet.json("revoke", "shop", ending)
    for after in (takes(old, code=401), unknown(token), takes(new), knows(fresh)):
        await fleet.everywhere(after)
