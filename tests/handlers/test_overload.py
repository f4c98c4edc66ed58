import asyncio
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from core.metrics import Metrics
from handlers.access import AccessMiddleware
from handlers.overload import InFlight
from wechat.errcodes import load_errcodes


class Slow:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        await self.go_on.wait()
        await PlainTextResponse("done")(scope, receive, send)


async def test_above_the_limit_requests_are_turned_away_at_once_and_nobody_waits(
    http: Any,
) -> None:
    slow = Slow()
    gate = InFlight(
        slow, at_most=5, relay_segments=frozenset({"cgi-bin"}), errcodes=load_errcodes()
    )
    metrics = Metrics()
    async with http(AccessMiddleware(gate, metrics)) as client, asyncio.TaskGroup() as group:
        admitted = [group.create_task(client.get("/v1/jobs")) for _ in range(4)]
        while slow.begun < 4:
            await asyncio.sleep(0)
        refused = await client.get("/v1/jobs", headers={"Accept-Language": "en"})
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["error"]["code"] == "overloaded"
        assert refused.json()["error"]["request_id"] == refused.headers["x-request-id"]

        tool = await client.get("/cgi-bin/draft/count")
        assert (tool.status_code, tool.json()["errcode"]) == (200, -1)
        assert "retry-after" not in tool.headers
        own = await client.get("/cgi-bin/draft/count", headers={"x-api-key": "k"})
        assert (own.status_code, own.headers["retry-after"]) == (503, "1")
        assert slow.begun == 4

        operator = group.create_task(client.get("/v1/admin/clients"))
        probe = group.create_task(client.get("/health/live"))
        while slow.begun < 6:
            await asyncio.sleep(0)
        assert (await client.get("/metrics")).status_code == 503
        slow.go_on.set()
    assert {answer.result().status_code for answer in (*admitted, operator, probe)} == {200}
    assert gate.now == 0
    assert 'route="overloaded",status="503"' in metrics.render().decode()


async def test_a_place_is_given_back_by_a_request_that_fails(http: Any) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    gate = InFlight(broken, at_most=2, relay_segments=frozenset(), errcodes=load_errcodes())
    async with http(AccessMiddleware(gate, Metrics())) as client:
        for _ in range(5):
            assert (await client.get("/v1/jobs")).status_code == 500
    assert gate.now == 0


async def test_who_waits_for_a_body_keeps_nobody_else_out() -> None:
    stalled, seen = asyncio.Event(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        seen.append(scope["path"])

    async def receive_nothing() -> Message:
        await stalled.wait()
        return {"type": "http.request", "body": b"{}"}

    async def receive_all() -> Message:
        return {"type": "http.request", "body": b"{}"}

    async def send(_message: Message) -> None: ...

    gate = InFlight(app, at_most=5, relay_segments=frozenset(), errcodes=load_errcodes())
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(gate({"path": "/slow"}, receive_nothing, send))
        await asyncio.sleep(0)
        assert gate.now == 0
        await gate({"path": "/quick"}, receive_all, send)
        assert seen == ["/quick"]
        stalled.set()
    assert len(seen) == 51
    assert gate.now == 0


async def test_the_log_is_told_once_a_second_how_many_were_turned_away(http: Any) -> None:
    slow, now = Slow(), [100.0]
    gate = InFlight(
        slow,
        at_most=1,
        relay_segments=frozenset(),
        errcodes=load_errcodes(),
        monotonic=lambda: now[0],
    )
    app = AccessMiddleware(gate, Metrics())
    with capture_logs() as lines:
        async with http(app) as client, asyncio.TaskGroup() as group:
            admitted = group.create_task(client.get("/v1/jobs"))
            while not slow.begun:
                await asyncio.sleep(0)
            for second in (0, 0.1, 0.9, 1.0):
                now[0] = 100.0 + second
                assert (await client.get("/v1/jobs")).status_code == 503
            slow.go_on.set()
        assert admitted.result().status_code == 200
    told = [line["count"] for line in lines if line["event"] == "requests turned away"]
    assert told == [1, 3]
    assert sum(line["event"] == "request" for line in lines) == 1  # that which was served
