import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import ValidationError

from sandbox.faults import Fault, FaultPlan
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.sandbox.caller import Caller

COUNT = "/cgi-bin/draft/count"
ADD = "/cgi-bin/draft/add"


class Raw:
    """A connection on which a test sees every byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer

    async def send(self, text: str, body: bytes = b"") -> None:
        self._writer.write(text.replace("\n", "\r\n").encode() + body)
        await self._writer.drain()

    async def answer(self) -> tuple[bytes, bytes]:
        """Head and body of one whole answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head, await self.reader.readexactly(length)


@asynccontextmanager
async def connect(caller: Caller) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", caller.sandbox.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def get_count(caller: Caller, raw: Raw) -> None:
    token = (await caller.query({}))["access_token"]
    await raw.send(f"GET {COUNT}?access_token={token} HTTP/1.1\nHost: w\n\n")


async def plan(caller: Caller, **fault: object) -> None:
    await caller.control("faults", fault)


async def drafts(caller: Caller) -> int:
    return len(caller.sandbox.ledger.entries("draft"))


async def test_refuse_resets_the_next_connections(caller: Caller) -> None:
    await plan(caller, kind="refuse", count=2)
    for _ in range(2):
        async with connect(caller) as raw:
            with pytest.raises(ConnectionResetError):
                await raw.reader.readexactly(1)
    assert await caller.get(COUNT) == {"total_count": 0}


async def test_refuse_for_a_while_closes_the_listener(caller: Caller) -> None:
    await plan(caller, kind="refuse", seconds=0.2)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", caller.sandbox.port)
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", caller.sandbox.port)) == 0:
                break
        await asyncio.sleep(0.01)
    assert await caller.get(COUNT) == {"total_count": 0}


async def test_reset_before_read_does_nothing(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="reset_before_read", path=ADD)
    with pytest.raises(httpx.ReadError):
        await caller.post(ADD, {"articles": [article]})
    assert await drafts(caller) == 0
    assert caller.sandbox.calls.count(ADD) == 0


async def test_reset_comes_before_the_body_is_sent(caller: Caller) -> None:
    await plan(caller, kind="reset_before_read", path=ADD)
    async with connect(caller) as raw:
        await raw.send(f"POST {ADD} HTTP/1.1\nHost: w\nContent-Length: 1000\n\n")
        with pytest.raises(ConnectionResetError):
            await raw.reader.readexactly(1)


async def test_reset_after_commit_loses_only_the_answer(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="reset_after_commit", path=ADD)
    with pytest.raises(httpx.ReadError):
        await caller.post(ADD, {"articles": [article]})
    assert await drafts(caller) == 1
    assert caller.sandbox.calls.count(ADD) == 1


async def test_stall_gives_no_answer_though_the_call_was_done(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="stall", path=ADD)
    with pytest.raises(httpx.ReadTimeout):
        await caller.http.post(
            ADD, json={"articles": [article]}, params=await caller.query({}), timeout=0.2
        )
    assert await drafts(caller) == 1


async def test_stall_may_keep_the_call_from_being_done(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="stall", path=ADD, commit=False, seconds=0.05)
    answer = await caller.http.post(
        ADD, json={"articles": [article]}, params=await caller.query({})
    )
    assert answer.content == b""
    assert await drafts(caller) == 0


async def test_slow_answers_rightly_in_the_end(caller: Caller) -> None:
    await plan(caller, kind="slow", path=COUNT, seconds=0.05)
    assert await caller.get(COUNT) == {"total_count": 0}


async def test_drip_sends_a_byte_at_a_time(caller: Caller) -> None:
    await plan(caller, kind="drip", path=COUNT, seconds=0.02)
    async with connect(caller) as raw:
        await get_count(caller, raw)
        await raw.reader.readuntil(b"\r\n\r\n")
        pieces = [await raw.reader.read(100) for _ in range(3)]
        assert pieces == [b"{", b'"', b"t"]
        assert await raw.reader.readexactly(14) == b'otal_count":0}'


async def test_truncate_ends_in_the_middle_of_the_body(caller: Caller) -> None:
    await plan(caller, kind="truncate", path=COUNT)
    async with connect(caller) as raw:
        await get_count(caller, raw)
        head, _, body = (await raw.reader.read()).partition(b"\r\n\r\n")
        assert b"Content-Length: 17" in head
        assert body == b'{"total_c'


async def test_html502_is_a_front_ends_answer(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="html502", path=ADD)
    answer = await caller.http.post(
        ADD, json={"articles": [article]}, params=await caller.query({})
    )
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert await drafts(caller) == 0


async def test_garbage_is_no_json(caller: Caller) -> None:
    await plan(caller, kind="garbage", path=COUNT)
    answer = await caller.http.get(COUNT, params=await caller.query({}))
    assert answer.status_code == 200
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


async def test_errcode_is_answered_in_place_of_the_call(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="errcode", path=ADD, errcode=45011)
    answer = await caller.post(ADD, {"articles": [article]})
    assert answer["errcode"] == 45011
    assert answer["errmsg"].startswith("api minute-quota reach limit")
    assert await drafts(caller) == 0


async def test_an_uncommitted_fault_reads_a_large_request_whole(caller: Caller) -> None:
    await plan(caller, kind="html502", path="/cgi-bin/media/uploadimg")
    query = await caller.query({})
    files = {"media": ("a.png", bytes(2_000_000), "image/png")}
    answer = await caller.http.post("/cgi-bin/media/uploadimg", files=files, params=query)
    assert answer.status_code == 502
    assert caller.sandbox.calls.count("/cgi-bin/media/uploadimg") == 0


async def test_busy_may_lie_about_a_call_that_was_done(caller: Caller) -> None:
    article = await caller.article()
    await plan(caller, kind="errcode", path=ADD, errcode=-1, commit=True)
    assert (await caller.post(ADD, {"articles": [article]}))["errcode"] == -1
    assert await drafts(caller) == 1


async def test_extra_response_lies_in_wait_for_the_next_request(caller: Caller) -> None:
    await plan(caller, kind="extra_response", path=COUNT)
    async with connect(caller) as raw:
        await get_count(caller, raw)
        assert (await raw.answer())[1] == b'{"total_count":0}'
        assert b"from_another_answer" in (await raw.answer())[1]


async def test_an_answer_can_be_anything_and_keeps_the_call_from_being_done(
    caller: Caller,
) -> None:
    article = await caller.article()
    headers = {"Content-Type": "text/html", "X-Seen": "yes"}
    said = {"status": 203, "headers": headers, "body": "\xff<p>", "repeat": 3}
    await plan(caller, kind="answer", path=ADD, **said)
    response = await caller.http.post(ADD, json={"articles": [article]})
    assert (response.status_code, response.content) == (203, b"\xff<p>" * 3)
    assert (response.headers["content-type"], response.headers["x-seen"]) == ("text/html", "yes")
    assert await drafts(caller) == 0


async def test_faults_are_used_up_and_counted(caller: Caller) -> None:
    await plan(caller, kind="errcode", path="/cgi-bin/draft/*", errcode=45011, count=2)
    codes = [(await caller.get(COUNT)).get("errcode") for _ in range(3)]
    assert codes == [45011, 45011, None]
    seen = (await caller.http.get("/sandbox/faults")).json()
    assert seen == {
        "faults": [],
        "happened": [{"kind": "errcode", "path": COUNT, "count": 2}],
    }


async def test_other_paths_and_control_calls_are_spared(caller: Caller) -> None:
    await plan(caller, kind="garbage", path=ADD, count=5)
    await plan(caller, kind="html502", path="*")
    assert (await caller.http.get("/sandbox/ledger")).status_code == 200
    assert (await caller.http.get("/sample/flow.png")).status_code == 502
    left = (await caller.http.get("/sandbox/faults")).json()["faults"]
    assert [fault["count"] for fault in left] == [5]
    assert (await caller.http.delete("/sandbox/faults")).json() == {"faults": [], "happened": []}


async def test_resets_work_over_tls(tls_files: tuple[str, str]) -> None:
    cert, key = tls_files
    context = ssl.create_default_context(cafile=cert)
    async with (
        run_sandbox(SandboxSettings(), tls_cert=cert, tls_key=key) as sandbox,
        httpx.AsyncClient(base_url=sandbox.url, verify=context, trust_env=False) as http,
    ):
        sandbox.faults.add(Fault(kind="reset_after_commit"))
        with pytest.raises(httpx.ReadError):
            await http.get("/cgi-bin/token")
        assert (await http.get("/cgi-bin/token")).json()["errcode"] == 40002


def test_faults_that_make_no_sense_are_refused() -> None:
    for nonsense in (
        {"kind": "refuse", "path": ADD},
        {"kind": "reset_before_read", "commit": True},
        {"kind": "reset_after_commit", "commit": False},
        {"kind": "unknown"},
        {"kind": "slow", "count": 0},
    ):
        with pytest.raises(ValidationError):
            Fault.model_validate(nonsense)


def test_refusals_wait_for_connections_not_for_requests() -> None:
    plan = FaultPlan()
    plan.add(Fault(kind="refuse"))
    assert plan.take(COUNT) is None
    assert plan.take_refusal()
    assert not plan.take_refusal()


def test_a_fault_may_hit_some_of_the_requests_only() -> None:
    drawn = iter([0.6, 0.4, 0.5, 0.1])
    plan = FaultPlan(lambda: next(drawn))
    plan.add(Fault(kind="garbage", chance=0.5, count=2))
    assert [plan.take(COUNT) is not None for _ in range(5)] == [False, True, False, True, False]


async def test_a_call_that_is_done_says_what_spoilt_its_answer(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="html502", path=COUNT, commit=True))
    caller.sandbox.faults.add(Fault(kind="html502", path=COUNT))
    for _ in range(3):
        await caller.http.get(COUNT, params=await caller.query({}))
    assert [call["fault"] for call in caller.sandbox.calls.of(COUNT)] == ["html502", ""]
