import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import GatewayError
from proxy.call import NoAnswer
from proxy.deadline import Deadline
from proxy.exchange import Exchange
from proxy.responses import MAX_BYTES, Relayed, aged
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.gateway import MAIN, Gateway, open_gateway
from tests.proxy.caching import (
    CALLBACK_IPS,
    LIST,
    MENU,
    MENU_CREATE,
    MENU_GET,
    RIGHTS,
    TICKET,
    caching,
    relayed,
)
from wechat.call import OutcomeUnknown, Upload
from wechat.material import MaterialClient


@pytest.fixture(params=["memory", "redis"])
async def cached(
    request: pytest.FixtureRequest, upstream_settings: UpstreamSettings, tmp_path: Path
) -> AsyncIterator[Gateway]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    setup = caching(upstream_settings, tmp_path, redis_url=url, redis_patience_s=5)
    async with open_gateway(setup) as opened:
        yield opened


async def ask(gateway: Gateway, path: str, *args: Any, **changes: Any) -> tuple[str, bytes]:
    wish, rights = changes.pop("wish", ""), changes.pop("rights", RIGHTS)
    got = await gateway.cached.relay(relayed(path, *args, **changes), rights, wish)
    try:
        assert got.exchange.complete
        return got.state, got.exchange.head
    finally:
        got.exchange.close()


async def test_a_read_is_answered_from_the_cache_byte_for_byte(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    first = await ask(cached, CALLBACK_IPS)
    assert first[0] == "miss"
    for _ in range(3):
        assert await ask(cached, CALLBACK_IPS) == ("hit", first[1])
    assert sandbox.calls.count(CALLBACK_IPS) == 1


async def test_headers_of_the_answer_are_kept_but_no_cookies(cached: Gateway) -> None:
    await ask(cached, CALLBACK_IPS)
    got = await cached.cached.relay(relayed(CALLBACK_IPS), RIGHTS)
    assert got.state == "hit"
    assert {name for name, _ in got.exchange.answer.headers} <= {b"content-type"}
    assert got.exchange.answer.status == 200


async def test_a_write_outdates_what_it_touches_relayed_or_our_own(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    await ask(cached, MENU_CREATE, MENU)
    assert "一" in (await ask(cached, MENU_GET))[1].decode()
    assert (await ask(cached, MENU_GET))[0] == "hit"
    other = {"button": [{**MENU["button"][0], "name": "二"}]}
    assert (await ask(cached, MENU_CREATE, other))[0] == "bypass"
    state, menu = await ask(cached, MENU_GET)
    assert (state, "二" in menu.decode()) == ("miss", True)
    await cached.calls.post("main", MENU_CREATE, MENU)
    assert "一" in (await ask(cached, MENU_GET))[1].decode()
    assert sandbox.calls.count(MENU_GET) == 3


async def test_a_refused_write_outdates_nothing(cached: Gateway) -> None:
    await ask(cached, MENU_CREATE, MENU)
    await ask(cached, MENU_GET)
    assert b"errcode" in (await ask(cached, MENU_CREATE, {"button": []}))[1]
    assert (await ask(cached, MENU_GET))[0] == "hit"


@pytest.mark.parametrize("kind", ["reset_after_commit", "html502", "garbage"])
async def test_a_write_whose_outcome_is_unknown_outdates(
    cached: Gateway, sandbox: RunningSandbox, kind: Any
) -> None:
    await ask(cached, MENU_CREATE, MENU)
    await ask(cached, MENU_GET)
    sandbox.faults.add(Fault(kind=kind, path=MENU_CREATE, count=5))
    with suppress(OutcomeUnknown):
        await ask(cached, MENU_CREATE, MENU)
    assert (await ask(cached, MENU_GET))[0] == "miss"


async def test_a_writer_that_leaves_does_not_take_its_write_back(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    await ask(cached, MENU_CREATE, MENU)
    await ask(cached, MENU_GET)
    sandbox.faults.add(Fault(kind="stall", path=MENU_CREATE))
    writer = asyncio.ensure_future(ask(cached, MENU_CREATE, MENU))
    async with asyncio.timeout(5):
        while not sandbox.faults.happened["stall", MENU_CREATE]:
            await asyncio.sleep(0.01)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    async with asyncio.timeout(5):
        while (await ask(cached, MENU_GET))[0] == "hit":
            await asyncio.sleep(0.01)


async def test_neither_accounts_nor_rights_nor_queries_share_answers(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    await ask(cached, TICKET, query="type=jsapi")
    for changes in (
        {"query": "type=wx_card"},
        {"query": "type=jsapi", "rights": RIGHTS | {"draft"}},
    ):
        assert (await ask(cached, TICKET, **changes))[0] == "miss"
    assert (await ask(cached, TICKET, query="access_token=x&type=jsapi"))[0] == "hit"
    assert sandbox.calls.count(TICKET) == 3


@pytest.mark.parametrize("kind", ["errcode", "garbage", "html502", "truncate"])
async def test_only_whole_successes_are_kept(
    cached: Gateway, sandbox: RunningSandbox, kind: Any
) -> None:
    sandbox.faults.add(Fault(kind=kind, path=CALLBACK_IPS, errcode=40097, count=100))
    with suppress(GatewayError):
        assert (await ask(cached, CALLBACK_IPS))[0] == "miss"
    sandbox.faults.clear()
    state, body = await ask(cached, CALLBACK_IPS)
    assert state == "miss"
    assert json.loads(body)["ip_list"]
    assert (await ask(cached, CALLBACK_IPS))[0] == "hit"


async def test_a_caller_may_ask_for_a_fresh_answer(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    await ask(cached, CALLBACK_IPS)
    assert (await ask(cached, CALLBACK_IPS, wish="no-cache"))[0] == "bypass"
    assert (await ask(cached, CALLBACK_IPS, wish="no-store"))[0] == "bypass"
    assert (await ask(cached, CALLBACK_IPS))[0] == "hit"
    assert sandbox.calls.count(CALLBACK_IPS) == 3


async def test_equal_calls_at_once_become_one(cached: Gateway, sandbox: RunningSandbox) -> None:
    sandbox.faults.add(Fault(kind="slow", path=CALLBACK_IPS, seconds=0.3))
    # No more than there are connections to Redis: one that waits for its turn asks by itself.
    answers = await asyncio.gather(*(ask(cached, CALLBACK_IPS) for _ in range(20)))
    assert len({body for _, body in answers}) == 1
    assert sandbox.calls.count(CALLBACK_IPS) == 1
    waits = [
        cache["accounts"][MAIN.app_id]["coalesced_waits"]
        for cache in cached.statistics.snapshot()["caches"]
        if (cache["cache"], cache["backend"]) == ("response", "process")
    ]
    assert waits == [19]


async def test_callers_that_leave_do_not_stop_the_fill(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(kind="slow", path=CALLBACK_IPS, seconds=0.3))
    callers = [asyncio.ensure_future(ask(cached, CALLBACK_IPS)) for _ in range(3)]
    async with asyncio.timeout(5):
        while not sandbox.faults.happened["slow", CALLBACK_IPS]:
            await asyncio.sleep(0.01)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    assert (await ask(cached, CALLBACK_IPS))[0] in ("miss", "hit")
    assert sandbox.calls.count(CALLBACK_IPS) == 1


async def test_a_callers_own_deadline_is_its_alone(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(kind="slow", path=CALLBACK_IPS, seconds=0.5))
    hurried = replace(relayed(CALLBACK_IPS), asked=Deadline(0.1, asked=True))
    with pytest.raises(NoAnswer):
        await cached.cached.relay(hurried, RIGHTS)
    assert json.loads((await ask(cached, CALLBACK_IPS))[1])["ip_list"]
    assert sandbox.calls.count(CALLBACK_IPS) == 1


async def test_a_reader_that_knows_of_a_write_does_not_join_an_older_read(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    await ask(cached, MENU_CREATE, MENU)
    sandbox.faults.add(Fault(kind="slow", path=MENU_GET, seconds=0.5))
    early = asyncio.ensure_future(ask(cached, MENU_GET))
    async with asyncio.timeout(5):
        while not sandbox.faults.happened["slow", MENU_GET]:
            await asyncio.sleep(0.01)
    await ask(cached, MENU_CREATE, {"button": [{**MENU["button"][0], "name": "二"}]})
    assert "二" in (await ask(cached, MENU_GET))[1].decode()
    await early
    assert "二" in (await ask(cached, MENU_GET))[1].decode()


async def test_a_failure_is_told_to_all_who_wait_and_not_kept(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    sandbox.faults.add(Fault(kind="truncate", path=CALLBACK_IPS, count=100))
    answers = await asyncio.gather(
        *(ask(cached, CALLBACK_IPS) for _ in range(5)), return_exceptions=True
    )
    assert {getattr(answer, "code", None) for answer in answers} == {"upstream_no_answer"}


def test_a_ticket_has_less_to_live_by_its_age_and_all_else_stays() -> None:
    body = b'{"errcode":0,"ticket":"T","expires_in":7200}'
    assert aged(TICKET, body, 0) == body
    assert aged(TICKET, body, 12.3) == body.replace(b"7200", b"7187")
    assert aged(TICKET, body, 9_000) == body.replace(b"7200", b"0")
    assert aged(LIST, body, 500) == body


async def test_a_ticket_is_not_kept_past_its_own_end(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    clock = sandbox.world.clock
    clock.ahead_s = 7_200 - 30  # the ticket is as old as the sandbox
    first, second = [json.loads((await ask(cached, TICKET, query="type=jsapi"))[1]) for _ in "12"]
    assert first["expires_in"] <= 30
    assert first["ticket"] == second["ticket"]
    assert sandbox.calls.count(TICKET) == 2


class _Long:
    """A long answer that says how often it was opened and closed."""

    def __init__(self, size: int, *, announced: bool) -> None:
        self.left = b"x" * size
        self.status = 200
        self.headers = [(b"content-type", b"image/jpeg")]
        if announced:
            self.headers.append((b"content-length", b"%d" % size))
        self.closed = False

    async def read(self, limit: int) -> bytes:
        piece, self.left = self.left[:limit], self.left[limit:]
        return piece

    async def chunks(self) -> AsyncIterator[bytes]:
        yield await self.read(len(self.left))

    def at_end(self) -> bool:
        return not self.left

    def close(self) -> None:
        self.closed = True


Opens = Callable[..., AbstractAsyncContextManager[list[_Long]]]


@pytest.fixture
def long_answers(cached: Gateway, monkeypatch: pytest.MonkeyPatch) -> Opens:
    """WeChat answers with pictures of some size."""

    @asynccontextmanager
    async def opened(size: int, *, announced: bool = True) -> AsyncIterator[list[_Long]]:
        made: list[_Long] = []

        async def relay(_call: object) -> Exchange:
            await asyncio.sleep(0.01)
            answer = _Long(size, announced=announced)
            made.append(answer)
            head = await answer.read(65_536)
            return Exchange(answer, head, complete=answer.at_end(), errcode=0)

        monkeypatch.setattr(cached.calls, "relay", relay)
        yield made

    return opened


async def _body(got: Relayed) -> bytes:
    body = got.exchange.head + b"".join([chunk async for chunk in got.exchange.chunks()])
    got.exchange.close()
    return body


async def test_pictures_of_up_to_a_quarter_megabyte_are_kept(
    cached: Gateway, long_answers: Opens
) -> None:
    call = relayed("/cgi-bin/media/get", query="media_id=M")
    async with long_answers(MAX_BYTES) as made:
        for state in ("miss", "hit"):
            got = await cached.cached.relay(call, RIGHTS)
            assert got.state == state
            assert len(await _body(got)) == MAX_BYTES
        assert [answer.closed for answer in made] == [True]


@pytest.mark.parametrize(("size", "announced"), [(MAX_BYTES + 1, True), (100_000, False)])
async def test_longer_ones_are_streamed_to_each_caller_alone(
    cached: Gateway, long_answers: Opens, *, size: int, announced: bool
) -> None:
    call = relayed("/cgi-bin/media/get", query="media_id=M")
    async with long_answers(size, announced=announced) as made:
        both = await asyncio.gather(*(cached.cached.relay(call, RIGHTS) for _ in range(2)))
        assert [len(await _body(got)) for got in both] == [size, size]
        assert [answer.closed for answer in made] == [True, True]


async def test_a_picture_that_may_have_been_cut_is_not_kept(
    cached: Gateway, long_answers: Opens
) -> None:
    call = relayed("/cgi-bin/media/get", query="media_id=M")
    async with long_answers(1_000, announced=False) as made:
        for _ in range(2):
            assert len(await _body(await cached.cached.relay(call, RIGHTS))) == 1_000
        assert len(made) == 2


async def test_a_stream_that_nobody_waits_for_is_closed(
    cached: Gateway, long_answers: Opens
) -> None:
    call = relayed("/cgi-bin/media/get", query="media_id=M")
    async with long_answers(MAX_BYTES + 1) as made:
        caller = asyncio.ensure_future(cached.cached.relay(call, RIGHTS))
        async with asyncio.timeout(5):
            while not cached.cached._flights:
                await asyncio.sleep(0.001)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        async with asyncio.timeout(5):
            while not (made and made[0].closed):
                await asyncio.sleep(0.001)


async def test_what_a_job_uploads_outdates_the_lists(
    cached: Gateway, sandbox: RunningSandbox
) -> None:
    listed = {"type": "image", "offset": 0, "count": 1}
    await ask(cached, LIST, listed)
    png = (Path(__file__).parents[2] / "sandbox" / "sample" / "tokens.png").read_bytes()
    await MaterialClient(cached.calls).add_image("main", Upload("a.png", "image/png", png))
    state, body = await ask(cached, LIST, listed)
    assert (state, json.loads(body)["total_count"]) == ("miss", 1)
