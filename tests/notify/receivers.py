"""A provider on loopback: notes what it is asked, and answers as a test says."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from core.tasks import TaskSet
from sandbox.faults import FaultLayer, FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with

NOW = 1_750_000_000.0  # 2025-06-15T15:06:40Z


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.raw_query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Judge = Callable[[Asked], Response | None]


class Receiver:
    """What providers' stand-ins have in common: a judge each says what is wrong with a request."""

    def __init__(self) -> None:
        self.got: list[Asked] = []
        self.judge: Judge = lambda asked: None
        self.good: Any = {"errcode": 0, "errmsg": "ok"}
        self.plan = FaultPlan()
        self.port = 0
        self._tasks = TaskSet()
        self._listener = Listener(protocol_with(self.plan), self._tasks, time.time)

    async def open(self) -> None:
        app = FaultLayer(self, self.plan)
        config = Config(app, port=0, ws="none", lifespan="off", log_config=None)
        await self._listener.open(config, tls=None)
        self.port = self._listener.port

    async def aclose(self) -> None:
        await self._listener.aclose()
        await self._tasks.aclose()

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answers(self, body: Any, status: int = 200, **headers: str) -> None:
        """Whatever comes is answered so."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.judge = lambda asked: JSONResponse(body, status_code=status, headers=named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = Asked(
            request.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            {name.lower(): value for name, value in request.headers.items()},
            await request.body(),
        )
        self.got.append(asked)
        response = self.judge(asked) or JSONResponse(self.good)
        await response(scope, receive, send)
