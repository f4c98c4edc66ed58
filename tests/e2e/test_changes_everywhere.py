"""A change made at one of three processes counts at all of them, within 5 s."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from server import reload
from store import watch
from tests.e2e.conftest import configuration
from tests.e2e.replicas import Replicas, open_replicas

ROOT = "wxg_root_0123456789abcdefghijklmno"
COUNT = "/cgi-bin/draft/count"
PROMISED_S = 5
_PATIENCE_S = 60  # of a busy machine, which may be slower than what is promised
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
async def three(migrated_postgres: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Replicas]:
    async with run_sandbox(SandboxSettings()) as sandbox:
        config: dict[str, Any] = configuration(sandbox, tmp_path, 0)
        config["database"], config["redis"] = {"url": migrated_postgres}, {"url": redis_url}
        config["auth"] = {"failures_per_minute": 1_000, "address_failures_per_minute": 1_000}
        root = {
            "id": "root",
            "key": ROOT,
            "accounts": ["main", "third"],
            "scopes": ["admin", "relay:read"],
        }
        config["clients"].append(root)
        async with open_replicas(tmp_path, config, count=3) as opened:
            yield opened


class Gates:
    """Callers of each process."""

    def __init__(self, each: list[httpx.AsyncClient]) -> None:
        self.each = each

    async def change(self, number: int, method: str, path: str, **json: Any) -> Any:
        answer = await self.each[number].request(method, path, json=json or None)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def everywhere(self, holds: Callable[[httpx.AsyncClient], Awaitable[bool]]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            for gate in self.each:
                while not await holds(gate):
                    await asyncio.sleep(0.1)


def answers(*codes: int, key: str) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:
    async def asked(gate: httpx.AsyncClient) -> bool:
        headers = {"authorization": f"Bearer {key}", "x-wxgate-account": "main"}
        return (await gate.get(COUNT, headers=headers)).status_code in codes

    return asked


def has(path: str, name: str, *, there: bool = True) -> Callable[[httpx.AsyncClient], Awaitable[bool]]:  # fmt: skip
    """Whether a list, which each process answers from what it holds, names that."""

    async def asked(gate: httpx.AsyncClient) -> bool:
        return (f'"{name}"' in (await gate.get(path)).text) is there

    return asked


async def test_what_is_changed_at_one_process_counts_at_all(three: Replicas) -> None:
    # Whoever has just missed a change sees it at the next look: twice the period is the longest.
    assert 2 * max(watch._INTERVAL_S, reload._INTERVAL_S) <= PROMISED_S
    async with AsyncExitStack() as stack:
        headers = {"authorization": f"Bearer {ROOT}"}
        clients = [three.to(number, headers=headers) for number in range(3)]
        gates = Gates([await stack.enter_async_context(client) for client in clients])
        await _clients(gates)
        await _accounts_and_channels(gates)
        await _the_file(gates, three)


async def _clients(gates: Gates) -> None:
    made = await gates.change(
        0, "POST", "/v1/admin/clients", id="shop", scopes=["relay:read"], accounts=["main"]
    )
    await gates.everywhere(answers(200, key=made["key"]))
    await gates.change(1, "PATCH", "/v1/admin/clients/shop", accounts=["personal"])
    await gates.everywhere(answers(403, 404, key=made["key"]))
    await gates.change(2, "DELETE", f"/v1/admin/clients/shop/keys/{made['keys'][0]['id']}")
    await gates.everywhere(answers(401, key=made["key"]))


async def _accounts_and_channels(gates: Gates) -> None:
    account = {"name": "third", "app_id": "wx0000000000000003", "app_secret": "a" * 32}
    await gates.change(1, "POST", "/v1/admin/accounts", **account)
    await gates.everywhere(has("/v1/accounts", "third"))
    robot = {"name": "robot", "type": "bark", "device_key": "x" * 22}
    await gates.change(2, "POST", "/v1/channels", **robot)
    await gates.everywhere(has("/v1/channels", "robot"))
    await gates.change(0, "DELETE", "/v1/channels/robot")
    await gates.everywhere(has("/v1/channels", "robot", there=False))


async def _the_file(gates: Gates, three: Replicas) -> None:
    """Each machine has one of its own, which somebody changes on all of them."""
    new = "wxg_late_0123456789abcdefghijklmno"
    values = f'id = "late"\nkey = "{new}"\naccounts = ["main"]\nscopes = ["relay:read"]\n'
    for replica in three.each:
        replica.config.write_text(
            f"{replica.config.read_text('utf-8')}\n[[clients]]\n{values}", "utf-8"
        )
    await gates.everywhere(answers(200, key=new))
