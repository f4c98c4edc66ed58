import asyncio

from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.base_urls import BaseUrls
from proxy.latency import LatencyProbe
from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox
from tests.conftest import free_port


def settings(*base_urls: str) -> UpstreamSettings:
    return UpstreamSettings(base_urls=base_urls)


async def test_connecting_is_timed_and_no_request_is_sent(sandbox: RunningSandbox) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    measured = await LatencyProbe(settings(sandbox.url)).measure([sandbox.url, nobody])
    assert measured[nobody] is None
    assert measured[sandbox.url] is not None
    assert sandbox.calls.count() == 0


async def test_a_host_that_cannot_prove_who_it_is_counts_as_out_of_reach() -> None:
    # Nothing of TLS here: the handshake fails.
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await LatencyProbe(settings(url)).measure([url]) == {url: None}


async def test_the_order_follows_what_was_measured(sandbox: RunningSandbox) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    urls = BaseUrls((nobody, sandbox.url), Metrics())
    tasks = TaskSet()
    tasks.start(LatencyProbe(settings(nobody)).keep_ranking(urls), name="rank")
    async with asyncio.timeout(5):
        while next(iter(urls)) != sandbox.url:
            await asyncio.sleep(0.01)
    await tasks.aclose()
    assert list(urls) == [sandbox.url, nobody]
