"""A call's deadline, whoever set it, holds wherever the call waits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.faults.upstreams import ADD, BATCHGET, COUNT, STABLE, SUBMIT, code_of, front

PAGE = {"offset": 0, "count": 1}


async def test_186_a_call_whose_time_is_over_is_not_sent(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(COUNT)
        called = sandbox.calls.count()
        pieces = asyncio.Queue[bytes]()

        async def body() -> Any:
            yield b"{}"
            await pieces.get()  # as in a queue

        asking = asyncio.ensure_future(
            gate.http.post(
                SUBMIT,
                content=body(),
                headers={"X-Wxgate-Account": "main", "X-Wxgate-Timeout": "0.05"},
            )
        )
        await asyncio.sleep(0.1)
        pieces.put_nowait(b"")
        answer = await asking
        assert (answer.status_code, code_of(answer)) == (504, "deadline_exceeded")
        assert answer.json()["error"]["retryable"]
        assert sandbox.calls.count() == called


@pytest.mark.parametrize("path", [BATCHGET, ADD])
async def test_186_waiting_for_a_token_counts(
    sandbox: RunningSandbox, tmp_path: Path, path: str
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        sandbox.faults.add(Fault(kind="slow", seconds=0.5, path=STABLE))
        answer = await gate.ask(path, PAGE, **{"X-Wxgate-Timeout": "0.05"})
        assert (answer.status_code, code_of(answer)) == (504, "deadline_exceeded")
        assert sandbox.calls.count(path) == 0
        # The token that it waited for is there for the next one.
        assert code_of(await gate.ask(COUNT)) == ""
        assert sandbox.calls.count(STABLE) == 1


async def test_186_repeats_end_with_the_deadline(sandbox: RunningSandbox, tmp_path: Path) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=60) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="stall", path=COUNT, count=9))
        answer = await gate.ask(COUNT, **{"X-Wxgate-Timeout": "0.2"})
        assert (answer.status_code, code_of(answer)) == (504, "upstream_no_answer")
        assert sandbox.faults.happened["stall", COUNT] == 1


async def test_186_a_callers_little_time_opens_no_breaker(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="slow", seconds=0.5, path=BATCHGET, count=30))
        hasty = {"X-Wxgate-Timeout": "0.02"}
        await asyncio.gather(*(gate.ask(BATCHGET, PAGE, **hasty) for _ in range(30)))
        assert (await gate.ask(COUNT)).json() == {"total_count": 0}


async def test_186_a_caller_cannot_get_more_than_ours(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with front(tmp_path, sandbox.url, timeout_s=0.2) as gate:
        await gate.ask(COUNT)
        sandbox.faults.add(Fault(kind="stall", path=SUBMIT))
        answer = await gate.ask(SUBMIT, {}, **{"X-Wxgate-Timeout": "9999"})
        assert code_of(answer) == "outcome_unknown"


@pytest.mark.parametrize("value", ["", "0", "-1", "nan", "2s", "99999"])
async def test_186_a_timeout_that_is_none_is_refused(
    sandbox: RunningSandbox, tmp_path: Path, value: str
) -> None:
    async with front(tmp_path, sandbox.url) as gate:
        answer = await gate.ask(COUNT, **{"X-Wxgate-Timeout": value})
        assert (answer.status_code, code_of(answer)) == (400, "timeout_invalid")
        assert sandbox.calls.count() == 0
