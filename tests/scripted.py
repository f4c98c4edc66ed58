"""Gateways that answer what a test has written down for them."""

import json
from collections.abc import Callable
from typing import Any

import httpx
from wxgate_client.gateway import AsyncGateway

JOB = {"id": "job_1", "state": "running"}
DONE = {"id": "job_1", "state": "succeeded"}
Answer = Callable[[httpx.Request], httpx.Response]


def gateway(answer: Answer, **how: Any) -> AsyncGateway:
    return AsyncGateway("http://gate/", "wxg_a_b", transport=httpx.MockTransport(answer), **how)


def answering(status: int, **content: Any) -> AsyncGateway:
    return gateway(lambda _request: httpx.Response(status, **content))


def in_turn(*answers: httpx.Response | Exception) -> Answer:
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return answer


def events(*jobs: dict[str, Any], first: int = 1) -> httpx.Response:
    told = "".join(
        f": still here\n\nevent: job\nid: {number}\ndata: {json.dumps(job)}\n\n"
        for number, job in enumerate(jobs, first)
    )
    return httpx.Response(200, text=told, headers={"Content-Type": "text/event-stream"})
