import json
from typing import Any

from tests.e2e.conftest import KEY, open_stand
from tests.server.cli.commands import wxgate_process

__all__ = ["open_stand"]


async def test_processes_are_listed_and_who_runs_alone_is_restarted_elsewhere(
    open_stand: Any,
) -> None:
    client = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["admin"]}
    async with open_stand({"clients": [client]}) as stand:
        gate = ("--server", stand.url, "--key", KEY)
        listed = await wxgate_process("replicas", "list", *gate)
        assert (listed.exit_code, "running" in listed.stdout) == (0, True), listed.output
        told = json.loads((await wxgate_process("replicas", "list", "--json", *gate)).stdout)
        (one,) = told["items"]
        refused = await wxgate_process("replicas", "restart", one["id"], *gate)
        assert refused.exit_code == 1
        assert "systemctl restart wxgate" in refused.output
        every = await wxgate_process("replicas", "restart", "--all", *gate)
        assert (every.exit_code, one["name"] in every.output) == (1, True), every.output
        assert (await wxgate_process("replicas", "restart", *gate)).exit_code == 2
