"""Requests that two parsers could read differently: refused, and nothing behind them is run."""

import asyncio
from typing import Any

import pytest

from tests.faults.doors import each_door
from tests.faults.wire import ADD, COUNT, ask, get, post, still_serves, upstream, wire

HIDDEN = "/cgi-bin/freepublish/batchget"  # a second request, smuggled behind the first


def smuggled() -> str:
    return get(HIDDEN, "Content-Length: 2", verb="POST") + "{}"


def head(*lines: str, path: str = ADD, version: str = "HTTP/1.1") -> str:
    return get(path, "Content-Type: application/json", *lines, verb="POST", version=version)


FRAMINGS = {
    "CL and TE": head("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n",
    "TE and CL": head("Transfer-Encoding: chunked", "Content-Length: 5") + "0\r\n\r\n",
    "two lengths": head("Content-Length: 2", "Content-Length: 3") + "{}",
    "the same length twice": head("Content-Length: 2", "Content-Length: 2") + "{}",
    "a list of lengths": head("Content-Length: 2, 2") + "{}",
    "a length with a sign": head("Content-Length: +2") + "{}",
    "a negative length": head("Content-Length: -2") + "{}",
    "a hexadecimal length": head("Content-Length: 0x2") + "{}",
    "a length beyond 64 bits": head("Content-Length: 99999999999999999999") + "{}",
    "no length at all": head("Content-Length: ") + "{}",
    "an unknown coding": head("Transfer-Encoding: xchunked") + "2\r\n{}\r\n0\r\n\r\n",
    "a coding after chunked": head("Transfer-Encoding: chunked, identity") + "2\r\n{}\r\n0\r\n\r\n",
    "a coding behind a control": head("Transfer-Encoding: \x0bchunked") + "2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": head("Transfer-Encoding: chunked", "Transfer-Encoding: identity")
    + "0\r\n\r\n",
}
LINES = {
    "a chunk size that is no number": head("Transfer-Encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a prefix": head("Transfer-Encoding: chunked") + "0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it says": head("Transfer-Encoding: chunked") + "2\r\n{}}\r\n0\r\n\r\n",
    "a chunk ended by LF": head("Transfer-Encoding: chunked") + "2\n{}\n0\n\n",
    "a bare LF": f"GET {COUNT} HTTP/1.1\nHost: 127.0.0.1\n\n",
    "a folded header": get(COUNT, "X-A: 1", " folded"),
    "a space before the colon": get(COUNT, "X-A : 1"),
    "a NUL in a value": get(COUNT, "X-A: a\0b"),
    "a CR in a value": get(COUNT, "X-A: a\rb"),
    "a name with brackets": get(COUNT, "X(A): 1"),
    "no version": f"GET {COUNT}\r\n\r\n",
    "a version of the future": get(COUNT, version="HTTP/3.7"),
    "HTTP/2's preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "garbage": "\x00\x01\x02\x03\r\n\r\n",
}


@each_door
@pytest.mark.parametrize("number", [64, 65])
async def test_064_065_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(
    stand: Any, number: int
) -> None:
    for name, request in (FRAMINGS if number == 64 else LINES).items():
        async with wire(stand) as one:
            await one.send(request + smuggled())
            answer = await one.answer()
            assert answer is not None, name
            assert (answer.status, answer.headers["connection"]) == (400, "close"), name
            assert answer.code in ("http_malformed", "body_invalid"), name
            assert await one.is_over(), name
    assert upstream(stand) == []
    await still_serves(stand)


@each_door
async def test_065_chunks_of_an_old_client_are_not_passed_on(stand: Any) -> None:
    request = head("Transfer-Encoding: chunked", version="HTTP/1.0") + "2\r\n{}\r\n0\r\n\r\n"
    async with wire(stand) as one:
        await one.send(request + smuggled())
        await one.answer()
        assert await one.is_over()
    assert HIDDEN not in [seen.path for seen in upstream(stand)]


@each_door
async def test_065_trailers_are_no_headers(stand: Any) -> None:
    without_key = (
        f"POST {ADD} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\n{}\r\n0\r\n"
    )
    key = next(line for line in get().split("\r\n") if line.startswith("Authorization"))
    answer = await ask(stand, f"{without_key}{key}\r\nX-Wxgate-Account: main\r\n\r\n")
    assert answer is not None
    # The proxy's connection has told who calls: what is missing there is the account.
    assert answer.code in ("auth_missing", "account_unnamed")
    assert upstream(stand) == []


@each_door
async def test_069_an_upgrade_is_answered_without_and_ends_the_connection(stand: Any) -> None:
    for upgrade in ("h2c", "websocket", "TLS/1.0"):
        async with wire(stand) as one:
            lines = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {upgrade}")
            await one.send(get(COUNT, *lines, "HTTP2-Settings: AAMAAABkAAQAAP__") + smuggled())
            answer = await one.answer()
            assert answer is not None, upgrade
            assert answer.json == {"total_count": 0}, upgrade
            assert answer.headers["connection"] == "close"
            assert await one.is_over()
    assert {seen.path for seen in upstream(stand)} == {COUNT}


@each_door
async def test_078_verbs_that_are_not_wechats_are_refused(stand: Any) -> None:
    said: dict[str, tuple[int, str]] = {}
    for verb in ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"):
        async with wire(stand) as one:
            await one.send(get(COUNT, verb=verb) + get())
            answer = await one.answer(verb)
            assert answer is not None, verb
            said[verb] = (answer.status, answer.headers.get("access-control-allow-origin", ""))
            second = await one.answer()
            assert second is not None, verb
            assert second.json == {"total_count": 0}, verb  # the connection is in step
    assert set(said.values()) == {(405, "")}
    for verb in ("get", "Get", "PRI", "FOO"):
        answer = await ask(stand, get(COUNT, verb=verb))
        assert answer is not None, verb
        assert answer.status == 400, verb
    tunnel = await ask(stand, get("127.0.0.1:443", verb="CONNECT"))
    assert tunnel is not None
    assert tunnel.status == 400
    options = await ask(stand, get("*", verb="OPTIONS"))
    assert options is not None
    assert options.status in (400, 404)


@each_door
async def test_078_a_get_with_a_body_stays_in_step(stand: Any) -> None:
    async with wire(stand) as one:
        length = len(one.fitting(smuggled()))
        await one.send(get(COUNT, f"Content-Length: {length}") + smuggled() + get())
        first, second = await one.answer(), await one.answer()
    assert first is not None
    assert second is not None
    assert second.json == {"total_count": 0}
    assert HIDDEN not in [seen.path for seen in upstream(stand)]


@each_door
async def test_079_fifty_at_once_are_answered_in_the_order_asked(stand: Any) -> None:
    requests, expected = "", []
    for index in range(50):
        if index % 3 == 1:
            requests += get().replace("wxg_blog", f"wxg_bolg-{index}")
            expected.append((401, f"pipelined-{index}"))
        elif index % 3 == 2:
            requests += get("/cgi-bin/nothing")
            expected.append((404, f"pipelined-{index}"))
        else:
            requests += get()
            expected.append((200, f"pipelined-{index}"))
        requests = requests[:-2] + f"X-Request-Id: pipelined-{index}\r\n\r\n"
    async with wire(stand) as one:
        await one.send(requests)
        answers = [await one.answer() for _ in expected]
    said = [(a.status, a.headers["x-request-id"]) for a in answers if a is not None]
    # After so many wrong keys the address has to wait: 429.
    assert [(401 if status == 429 else status, name) for status, name in said] == expected


@each_door
async def test_079_a_malformed_request_is_answered_after_those_before_it(stand: Any) -> None:
    async with wire(stand) as one:
        await one.send(get() + get("/cgi-bin/nothing") + "\x00garbage\r\n\r\n" + smuggled())
        first, second, third = [await one.answer() for _ in range(3)]
        assert await one.is_over()
    assert first is not None
    assert first.json == {"total_count": 0}
    assert second is not None
    assert second.code == "path_unknown"
    assert third is not None
    assert (third.status, third.code) == (400, "http_malformed")
    assert HIDDEN not in [seen.path for seen in upstream(stand)]


@each_door
async def test_079_a_bad_body_behind_another_request_is_answered_in_its_turn(stand: Any) -> None:
    async with wire(stand) as one:
        await one.send(get() + head("Transfer-Encoding: chunked") + "zz\r\n")
        first, second = await one.answer(), await one.answer()
        assert await one.is_over()
    assert first is not None
    assert first.json == {"total_count": 0}
    assert second is not None
    assert second.code == "http_malformed"


async def test_079_a_lost_connection_ends_all_that_was_asked_over_it(stand: Any) -> None:
    """A stream of events would otherwise run on for ever behind a second request."""
    job = await stand.article({"markdown": "# 一\n\n二"})
    before = asyncio.all_tasks()
    async with wire(stand) as one:
        await one.send(get(f"/v1/jobs/{job['id']}/events") + get())
        assert b"event: job" in await one.reader.readuntil(b"event: job")
    async with asyncio.timeout(20):
        while [task for task in asyncio.all_tasks() - before if "run_asgi" in repr(task)]:
            await asyncio.sleep(0.01)


@each_door
async def test_076_a_body_announced_by_expect_is_asked_for_only_where_it_is_wanted(
    stand: Any,
) -> None:
    expect = "Expect: 100-continue"
    refused = {
        "a wrong key": post(b"", expect, "Content-Length: 10").replace(b"wxg_blog", b"wxg_bolg"),
        "too large a body": post(b"", expect, "Content-Length: 99000000"),
        "an unknown path": post(b"", expect, "Content-Length: 10", path="/cgi-bin/nothing"),
    }
    for name, request in refused.items():
        async with wire(stand) as one:
            await one.send(request)
            answer = await one.answer()
            assert answer is not None, name
            assert answer.status in (401, 404, 413), name  # never 100 first
            assert answer.headers["connection"] == "close", name
    async with wire(stand) as one:
        body = b'{"offset":0,"count":1}'
        await one.send(
            post(b"", expect, f"Content-Length: {len(body)}", path="/cgi-bin/draft/batchget")
        )
        go_on = await one.answer()
        assert go_on is not None
        assert go_on.status == 100
        await one.send(body)
        answer = await one.answer()
        assert answer is not None
        assert answer.json["total_count"] == 0
