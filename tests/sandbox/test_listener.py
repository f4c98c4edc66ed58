import asyncio
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config

from core.tasks import TaskSet
from sandbox.faults import FaultPlan
from sandbox.listener import Listener
from sandbox.protocol import protocol_with
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/forever":
        await asyncio.Event().wait()
    await PlainTextResponse("hello")(scope, receive, send)


def config() -> Config:
    return Config(hello, port=0, ws="none", lifespan="off", log_config=None)


async def test_it_finds_a_free_port_and_cuts_what_is_open_at_the_end() -> None:
    tasks = TaskSet()
    listener = Listener(protocol_with(FaultPlan()), tasks, time.time)
    await listener.open(config(), tls=None)
    url = f"http://127.0.0.1:{listener.port}"
    async with httpx.AsyncClient() as http:
        assert (await http.get(url)).text == "hello"
        waiting = tasks.start(http.get(f"{url}/forever"), name="waits for an answer")
        while len(listener._state.tasks) == 0:
            await asyncio.sleep(0)
        await listener.aclose()
        with pytest.raises(httpx.HTTPError):
            await waiting
        with pytest.raises(httpx.ConnectError):
            await http.get(url)
    await tasks.aclose()


async def test_it_opens_again_on_the_same_port() -> None:
    tasks = TaskSet()
    listener = Listener(protocol_with(FaultPlan()), tasks, time.time)
    await listener.open(config(), tls=None)
    port = listener.port
    listener.close_for(0.01)
    listener.close_for(0.01)  # already closed: changes nothing
    assert listener._server is None
    while len(tasks):
        await asyncio.sleep(0.01)
    assert listener.port == port
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"http://127.0.0.1:{port}")).text == "hello"
    await listener.aclose()


async def test_every_answer_carries_the_sandboxs_time() -> None:
    async with run_sandbox(SandboxSettings()) as sandbox, httpx.AsyncClient() as http:
        response = await http.get(f"{sandbox.url}/sandbox/calls")
    told = parsedate_to_datetime(response.headers["date"]).timestamp()
    assert abs(told - sandbox.world.clock()) < 5
