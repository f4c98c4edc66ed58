"""Slow and endless callers: cut off, while others are served."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Any

from tests.faults.doors import each_door
from tests.faults.recorder import recording, upstream_of, whole
from tests.faults.wire import COUNT, Wire, ask, get, post, still_serves, upstream, wire

QUICK = {"server": {"header_timeout_s": 1, "body_timeout_s": 1, "write_timeout_s": 1}}


async def drip(one: Wire, data: bytes) -> None:
    """A byte now and then, as long as somebody takes them."""
    with suppress(ConnectionError):
        for byte in data:
            await one.send(bytes([byte]))
            await asyncio.sleep(0.1)


@each_door
async def test_074_who_is_slow_to_ask_is_cut_off(open_stand: Any) -> None:
    async with open_stand(QUICK) as stand, asyncio.TaskGroup() as group:
        async with (
            wire(stand) as silent, wire(stand) as kept, wire(stand) as head, wire(stand) as body
        ):  # fmt: skip
            await body.send(post(b"{", "Content-Length: 100"))
            await kept.send(get())
            assert await kept.answer() is not None
            drips = [
                group.create_task(drip(head, get().encode())),
                group.create_task(drip(kept, get().encode())),
                group.create_task(drip(body, b" " * 99)),
            ]
            assert await silent.is_over()
            for one in (head, kept, body):
                answer = await one.answer()
                assert answer is not None
                assert (answer.status, answer.code) == (408, "request_too_slow")
            for task in drips:
                task.cancel()
        assert len(upstream(stand)) == 1
        await still_serves(stand)


@each_door
async def test_074_who_takes_nothing_of_the_answer_is_cut_off(open_stand: Any) -> None:
    async with recording() as wechat, open_stand({**QUICK, **upstream_of(wechat)}) as stand:
        wechat.answer = whole(b"x" * 2_000_000, "Content-Type: image/jpeg")
        async with wire(stand) as one:
            one.take_nothing()
            await one.send(get("/cgi-bin/media/get?media_id=1") * 20)
            cut = 'wxgate_connections_cut_total{reason="answer_not_taken"} 1.0'
            async with asyncio.timeout(60):
                while cut not in (await stand.http.get("/metrics")).text:
                    await asyncio.sleep(0.2)
        wechat.answer = whole(b'{"total_count":0}', "Content-Type: application/json")
        await still_serves(stand)


@each_door
async def test_074_three_hundred_slow_callers_keep_nobody_from_being_served(stand: Any) -> None:
    async with AsyncExitStack() as stack:
        for index in range(300):
            one = await stack.enter_async_context(wire(stand))
            await one.send((b"", get()[:30].encode(), post(b"{", "Content-Length: 99"))[index % 3])
        for _ in range(10):
            await still_serves(stand)


async def test_074_connections_of_one_peer_are_bounded(open_stand: Any) -> None:
    async with open_stand({"server": {"max_connections_per_ip": 5}}) as stand:
        async with AsyncExitStack() as stack:
            for _ in range(5):
                await stack.enter_async_context(wire(stand))
            refused = await ask(stand, get())
            assert refused is not None
            assert (refused.status, refused.code) == (503, "too_many_connections")
            assert refused.headers["retry-after"] == "1"
        await asyncio.sleep(0.1)
        await still_serves(stand)


@each_door
async def test_075_headers_and_urls_have_an_end(stand: Any) -> None:
    many = get(COUNT, *(f"X-{number}: 1" for number in range(5_000)))
    cases = {
        "5 000 headers": (many, 431),
        "101 headers": (get(COUNT, *(f"X-{n}: 1" for n in range(101))), 431),
        "a header of 70 KB": (get(COUNT, "X-A: " + "a" * 70_000), 431),
        "headers of 17 KB": (get(COUNT, *(f"X-{n}: " + "a" * 1_000 for n in range(17))), 431),
        "a cookie of 10 MB": (get(COUNT, "Cookie: a=" + "a" * 10_000_000), 431),
        "a name of 70 KB": (get(COUNT, "X" * 70_000 + ": a"), 431),
        "a URL of 1 MB": (get(f"{COUNT}?" + "a" * 1_000_000), 414),
        "a URL of 9 KB": (get(f"{COUNT}?" + "a" * 9_000), 414),
    }
    for name, (request, status) in cases.items():
        answer = await ask(stand, request)
        assert answer is not None, name
        assert answer.status == status, name
        assert answer.code in ("headers_too_large", "url_too_long"), name
    fine = await ask(stand, get(f"{COUNT}?" + "a" * 7_000, *(f"X-{n}: 1" for n in range(90))))
    assert fine is not None
    assert fine.status == 200


async def test_080_ranges_and_odd_paths_get_no_more_than_the_file(stand: Any) -> None:
    bundle = "/docs/swagger_bundle.js"
    size = len((await stand.http.get(bundle, headers={"Accept-Encoding": "identity"})).content)
    for ranges in ("0-," * 3_000 + "0-", "0-0," * 3_000 + "0-0", "-1," * 3_000 + "-1", "0-,-1"):
        answer = await ask(stand, get(bundle, f"Range: bytes={ranges}"))
        assert answer is not None
        assert answer.status in (200, 206, 400, 416)
        assert len(answer.body) < size * 1.5
    for path in (
        "/docs/../pyproject.toml", "/docs/%2e%2e/pyproject.toml", "/docs/..%2fpyproject.toml",
        "/docs//etc/passwd", "/docs/%2fetc%2fpasswd", "/docs/__init__.py", "/docs/.", "/docs/%00",
    ):  # fmt: skip
        answer = await ask(stand, get(path))
        assert answer is not None, path
        assert answer.status in (400, 404), path
