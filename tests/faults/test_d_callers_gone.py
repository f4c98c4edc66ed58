"""The caller hangs up in the middle: reads are given up, writes that were sent are finished."""

import asyncio
from pathlib import Path
from typing import Any

from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.faults.upstreams import COUNT, Front, front
from tests.gateway import KEY

CREATE = "/cgi-bin/menu/create"


async def ask_and_leave(gate: Front, method: str, path: str, body: bytes) -> list[Any]:
    """What is sent to a caller who hangs up as soon as its request is out."""
    sent: list[Any] = []
    said = iter([{"type": "http.request", "body": body}])

    async def receive() -> dict[str, Any]:
        return next(said, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {KEY}".encode()),
            (b"content-length", b"%d" % len(body)),
        ],
        "client": ("127.0.0.1", 1),
    }
    await gate.gateway.relay(scope, receive, send)
    return sent


async def test_077_a_read_is_given_up_and_leaks_no_connection(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=60) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="stall", path=COUNT, count=200))
        async with asyncio.timeout(50):  # sooner than its deadline
            left = await asyncio.gather(
                *(ask_and_leave(gate, "GET", COUNT, b"") for _ in range(100))
            )
        assert left == [[]] * 100
        sandbox.faults.clear()
        assert (await gate.ask(COUNT)).json() == {"total_count": 0}


async def test_077_a_write_that_was_sent_is_finished_and_recorded(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=20) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="slow", seconds=1.5, path=CREATE))
        sent = await ask_and_leave(gate, "POST", CREATE, b'{"button":[]}')
        assert sent[0]["status"] == 200
        assert sandbox.calls.count(CREATE) == 1
        shown = gate.gateway.metrics.render().decode()
        assert f'path="{CREATE}"' in shown
        assert f'errcode="unknown",path="{CREATE}"' not in shown
