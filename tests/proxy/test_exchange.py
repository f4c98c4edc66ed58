from collections.abc import AsyncIterator

import pytest

from core.metrics import Metrics
from notify.happening import Happening
from proxy.alarms import Alarms
from proxy.base_urls import BaseUrls
from proxy.deadline import Deadline
from proxy.exchange import PEEK_BYTES, Build, Exchanger, Trip
from proxy.upstream import UpstreamAnswer, UpstreamRequest
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from tests.conftest import free_port
from tests.gateway import MAIN, Gateway
from tests.proxy.conftest import Time
from wechat.call import NotSent, OutcomeUnknown
from wechat.catalogue import load_catalogue

COUNT, ADD = "/cgi-bin/draft/count", "/cgi-bin/draft/add"


@pytest.fixture
def exchanger(gateway: Gateway) -> Exchanger:
    return Exchanger(gateway.upstream, gateway.quota, gateway.metrics, monotonic=Time(0))


def trip(path: str, base_url: str) -> Trip:
    urls = BaseUrls((base_url,), Metrics())
    return Trip(MAIN, load_catalogue().find(path), path, Deadline(5), urls)


def to(path: str, method: str = "GET") -> Build:
    return lambda base_url: UpstreamRequest(method, base_url + path, {})


def shown(gateway: Gateway) -> str:
    return gateway.metrics.render().decode()


async def test_an_answer_is_read_judged_and_counted(
    exchanger: Exchanger, sandbox: RunningSandbox, gateway: Gateway
) -> None:
    exchange = await exchanger.send(trip(COUNT, sandbox.url), to(COUNT))
    assert (exchange.complete, exchange.errcode) == (True, 41001)
    assert await exchange.read(10_000) == exchange.head
    exchange.close()
    assert exchanger.quota.remaining(MAIN, COUNT) == 999
    assert f'upstream_calls_total{{errcode="41001",path="{COUNT}"}} 1.0' in shown(gateway)
    assert f'upstream_seconds_count{{path="{COUNT}"}} 1.0' in shown(gateway)


async def test_a_status_other_than_200_is_what_is_counted(
    exchanger: Exchanger, sandbox: RunningSandbox, gateway: Gateway
) -> None:
    sandbox.faults.add(Fault(kind="html502", path=COUNT))
    (await exchanger.send(trip(COUNT, sandbox.url), to(COUNT))).close()
    assert 'errcode="http_502"' in shown(gateway)


async def test_a_call_that_wechat_refuses_for_its_ip_is_told_of(
    sandbox: RunningSandbox, gateway: Gateway
) -> None:
    told: list[Happening] = []
    alarms = Alarms(told.append)
    exchanger = Exchanger(gateway.upstream, gateway.quota, gateway.metrics, alarms=alarms)
    sandbox.faults.add(Fault(kind="errcode", path=COUNT, errcode=40164))
    (await exchanger.send(trip(COUNT, sandbox.url), to(COUNT))).close()
    assert [(one.event, one.data["path"]) for one in told] == [("account.ip_refused", COUNT)]
    (await exchanger.send(trip(COUNT, sandbox.url), to(COUNT))).close()
    assert len(told) == 1


async def test_only_what_may_have_arrived_costs_quota(
    exchanger: Exchanger, sandbox: RunningSandbox, gateway: Gateway
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotSent):
        await exchanger.send(trip(ADD, nobody), to(ADD))
    assert exchanger.quota.remaining(MAIN, ADD) == 1_000
    sandbox.faults.add(Fault(kind="reset_after_commit", path=ADD))
    with pytest.raises(OutcomeUnknown):
        await exchanger.send(trip(ADD, sandbox.url), to(ADD, "POST"))
    assert exchanger.quota.remaining(MAIN, ADD) == 999
    for label in ("not_sent", "unknown"):
        assert f'errcode="{label}",path="{ADD}"' in shown(gateway)


async def test_paths_outside_the_catalogue_share_a_label(
    exchanger: Exchanger, sandbox: RunningSandbox, gateway: Gateway
) -> None:
    made_up = "/cgi-bin/made/up"
    (await exchanger.send(trip(made_up, sandbox.url), to(made_up))).close()
    assert "made/up" not in shown(gateway)
    assert 'path="other"' in shown(gateway)


class Long:
    """An answer of 200 000 bytes."""

    status = 200
    headers: list[tuple[bytes, bytes]] = []  # noqa: RUF012

    def __init__(self) -> None:
        self.left = b"x" * 200_000

    async def read(self, limit: int) -> bytes:
        piece, self.left = self.left[:limit], self.left[limit:]
        return piece

    async def chunks(self) -> AsyncIterator[bytes]:
        while self.left:
            yield await self.read(50_000)

    def at_end(self) -> bool:
        return not self.left

    def close(self) -> None:
        self.left = b""


class LongUpstream:
    async def send(self, request: UpstreamRequest) -> UpstreamAnswer:
        return Long()


async def test_a_long_answer_is_not_held_in_memory(gateway: Gateway) -> None:
    exchanger = Exchanger(LongUpstream(), gateway.quota, gateway.metrics)
    exchange = await exchanger.send(trip(COUNT, "https://x"), to(COUNT))
    assert (exchange.complete, exchange.errcode) == (False, 0)
    assert len(exchange.head) == PEEK_BYTES
    assert sum([len(chunk) async for chunk in exchange.chunks()]) == 200_000 - PEEK_BYTES


async def test_a_whole_answer_is_read_up_to_a_limit(gateway: Gateway) -> None:
    exchanger = Exchanger(LongUpstream(), gateway.quota, gateway.metrics)
    exchange = await exchanger.send(trip(COUNT, "https://x"), to(COUNT))
    assert await exchange.read(200_000) == b"x" * 200_000
    exchange = await exchanger.send(trip(COUNT, "https://x"), to(COUNT))
    assert await exchange.read(199_999) is None
