"""Section B: pictures that callers have the gateway fetch."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from core.errors import GatewayError
from fetch import errors
from fetch.addresses import Address
from fetch.client import Fetcher
from fetch.resolver import SystemResolver
from fetch.settings import FetchSettings
from tests.fetch.conftest import PNG, Host, ScriptedResolver, host, http

__all__ = ["host"]

PERMITTED = "127.0.0.2"  # the one address that the operator opened; 127.0.0.1 stays closed


@asynccontextmanager
async def fetching(host: Host, *answers: list[str], **settings: Any) -> AsyncIterator[Fetcher]:
    """A Fetcher that may reach 127.0.0.2 only; names have the scripted answers."""
    given = {
        "allow_networks": [f"{PERMITTED}/32"],
        "allow_ports": [80, host.port],
        "max_bytes": 100_000,
        "timeout_s": 5,
        **settings,
    }
    resolver = ScriptedResolver(*answers)
    clock = itertools.count(0, 100).__next__  # leaps: failures are not told twice
    fetcher = Fetcher(FetchSettings.model_validate(given), resolver=resolver, clock=clock)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


@pytest.fixture
async def permitted(host: Host) -> AsyncIterator[Host]:
    """The same scripted host on 127.0.0.2 too; what `host` hears itself came from inside."""
    server = await asyncio.start_server(host.serve, PERMITTED, host.port)
    yield host
    server.close()
    await server.wait_closed()


def at(host: Host, path: str, name: str = PERMITTED) -> str:
    return f"http://{name}:{host.port}{path}"


async def test_027_a_name_that_turns_to_loopback_gains_nothing(permitted: Host) -> None:
    permitted.answers["/a"] = http(PNG)
    url = at(permitted, "/a", "pics.example")
    async with fetching(permitted, [PERMITTED], ["127.0.0.1"]) as fetcher:
        assert (await fetcher.fetch_image(url)).data == PNG
        with pytest.raises(errors.UrlForbidden):
            await fetcher.fetch_image(url)
    assert len(permitted.requests) == 1


async def test_029_a_name_that_turns_between_hops_is_judged_at_each(permitted: Host) -> None:
    permitted.answers["/a"] = http(b"", status="302 X", location="/b")
    permitted.answers["/b"] = http(PNG)
    async with fetching(permitted, [PERMITTED], ["10.0.0.1"]) as fetcher:
        with pytest.raises(errors.RedirectForbidden):
            await fetcher.fetch_image(at(permitted, "/a", "pics.example"))
    assert len(permitted.requests) == 1


async def test_030_neither_a_refresh_header_nor_a_page_leads_anywhere(permitted: Host) -> None:
    page = b'<meta http-equiv="refresh" content="0;url=/pic">'
    permitted.answers["/a"] = http(page, refresh="0; url=/pic", content_type="text/html")
    permitted.answers["/pic"] = http(PNG)
    async with fetching(permitted) as fetcher:
        with pytest.raises(errors.NotAnImage):
            await fetcher.fetch_image(at(permitted, "/a"))
    assert len(permitted.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/",
        "http://169.254.170.2/v2/credentials",
        "http://metadata.google.internal/",
    ],
)
async def test_031_clouds_tell_their_secrets_to_nobody(permitted: Host, url: str) -> None:
    async with fetching(permitted, ["169.254.169.254"]) as fetcher:
        with pytest.raises(errors.UrlForbidden):
            await fetcher.fetch_image(url)


async def test_032_the_gateway_does_not_fetch_from_itself(stand: Any) -> None:
    # As its own setting has it: nothing of the LAN is open but what is named; here it is loopback,
    # so a fetcher without that leave is asked.
    port = httpx.URL(stand.url).port
    settings = FetchSettings.model_validate({"allow_ports": [80, port]})
    fetcher = Fetcher(settings, resolver=ScriptedResolver(["127.0.0.1"]))
    for name in ("127.0.0.1", "gate.example", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(errors.UrlForbidden):
            await fetcher.fetch_image(f"http://{name}:{port}/v1/accounts")
    await fetcher.aclose()


async def _drip_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"x-a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n" + PNG)
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _never_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(http(PNG, length=False))
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize("answer", [_drip_head, _drip_body, _silence, _never_close])
async def test_038_a_slow_host_costs_its_deadline_and_frees_its_turn(
    permitted: Host, answer: Any
) -> None:
    permitted.answers = {f"/{number}": answer for number in range(3)}
    permitted.answers["/ok"] = http(PNG)
    async with fetching(permitted, timeout_s=0.4, connections_per_host=3) as fetcher:
        slow = (fetcher.fetch_image(at(permitted, f"/{number}")) for number in range(3))
        told = await asyncio.gather(*slow, return_exceptions=True)
        assert [type(error) for error in told] == [errors.FetchTimeout] * 3
        assert (await fetcher.fetch_image(at(permitted, "/ok"))).data == PNG


async def _interim_flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 50)
        await writer.drain()


@pytest.mark.parametrize(
    "answer",
    [
        _interim_flood,
        b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nx: " + b"y" * 5_000_000,
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        http(status="206 X"),
        b"HTTP/1.1 204 X\r\n\r\n",
        b"HTTP/1.1 304 X\r\n\r\n",
        http(PNG, content_length="99999"),
        b"",
    ],
)
async def test_041_a_broken_answer_is_a_clear_error(permitted: Host, answer: Any) -> None:
    permitted.answers = {"/bad": answer, "/ok": http(PNG)}
    async with fetching(permitted, timeout_s=1) as fetcher:
        with pytest.raises((errors.FetchFailed, errors.FetchTimeout)):
            await fetcher.fetch_image(at(permitted, "/bad"))
        assert (await fetcher.fetch_image(at(permitted, "/ok"))).data == PNG


async def test_041_what_follows_an_answer_is_nobodys(permitted: Host) -> None:
    evil = b"\x89PNG\r\n\x1a\nEVIL"
    permitted.answers = {"/a": http(PNG) + http(evil), "/b": http(PNG[:-6])}
    async with fetching(permitted) as fetcher:
        assert (await fetcher.fetch_image(at(permitted, "/a"))).data == PNG
        assert (await fetcher.fetch_image(at(permitted, "/b"))).data == PNG[:-6]


async def test_042_proxies_and_passwords_of_the_environment_are_not_used(
    permitted: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{permitted.port}/trap")
    (tmp_path / ".netrc").write_text(f"machine {PERMITTED} login u password SECRET\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    permitted.answers["/a"] = http(PNG)
    async with fetching(permitted) as fetcher:
        assert (await fetcher.fetch_image(at(permitted, "/a"))).data == PNG
    (request,) = permitted.requests
    assert request.startswith("GET /a HTTP/1.1\r\n")
    assert "authorization" not in request.lower()


async def test_043_044_a_host_gets_no_cookie_back_and_learns_nothing_of_us(
    permitted: Host,
) -> None:
    permitted.answers["/a?token=1"] = http(PNG, set_cookie="caller=1; Path=/")
    permitted.answers["/a?token=2"] = http(PNG)
    permitted.answers["/b"] = http(b"", status="403 X", set_cookie="caller=1; Path=/")
    async with fetching(permitted) as fetcher:
        await fetcher.fetch_image(at(permitted, "/a?token=1"))
        await fetcher.fetch_image(at(permitted, "/a?token=2"))
        with pytest.raises(errors.FetchRefused):
            await fetcher.fetch_image(at(permitted, "/b"))
    plain = ["host", "accept", "accept-encoding", "connection", "user-agent"]
    names = [
        [line.split(":")[0].lower() for line in request.split("\r\n")[1:-2]]
        for request in permitted.requests
    ]
    assert [sorted(each) for each in names] == [sorted(plain)] * 3 + [sorted([*plain, "referer"])]
    # The one Referer there ever is names the picture's own host.
    assert f"Referer: {at(permitted, '/')}\r\n" in permitted.requests[-1]
    assert "wxgate)" in permitted.requests[0]  # a fixed name without a version


class _SlowNames:
    """The system's resolver whose lookups hang until they are let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def getaddrinfo(self, *_args: Any, **_how: Any) -> Any:
        self.go_on.wait(30)
        raise OSError("no such name")


async def test_045_64_slow_lookups_stall_neither_the_gateway_nor_other_pictures(
    stand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = _SlowNames()
    resolver = SystemResolver()
    settings = FetchSettings(timeout_s=1.5)
    fetcher = Fetcher(settings, resolver=resolver)
    monkeypatch.setattr("fetch.resolver.socket.getaddrinfo", slow.getaddrinfo)
    try:
        urls = [f"http://slow{number}.example/a.png" for number in range(64)]
        lookups = asyncio.gather(*map(fetcher.fetch_image, urls), return_exceptions=True)
        for _ in range(5):
            await asyncio.sleep(0.05)
            assert (await stand.http.get("/health/live")).status_code == 200
        told = await lookups
        assert {type(error) for error in told} == {errors.FetchTimeout}
    finally:
        slow.go_on.set()
        await fetcher.aclose()


@pytest.mark.parametrize("answers", [[], [[]]])
async def test_045_a_name_without_an_address_is_the_callers_fault(
    permitted: Host, answers: list[list[str]]
) -> None:
    async with fetching(permitted, *answers) as fetcher:
        with pytest.raises(errors.DnsFailed) as caught:
            await fetcher.fetch_image(at(permitted, "/a", "gone.example"))
    assert caught.value.status == 422


class _Many(ScriptedResolver):
    async def resolve(self, host: str, port: int) -> list[Address]:
        return [ip_address(PERMITTED)] * 200


async def test_045_of_200_addresses_a_few_are_tried(permitted: Host) -> None:
    settings = FetchSettings.model_validate(
        {"allow_networks": [f"{PERMITTED}/32"], "allow_ports": [permitted.port]}
    )
    fetcher = Fetcher(settings, resolver=_Many())
    permitted.answers["/a"] = http(PNG)
    assert (await fetcher.fetch_image(at(permitted, "/a", "many.example"))).data == PNG
    await fetcher.aclose()


async def test_046_nobody_learns_what_listens_inside(permitted: Host) -> None:
    permitted.answers["/a"] = http(PNG)
    told = []
    async with fetching(permitted, allow_ports=[permitted.port, 1]) as fetcher:
        for url in (at(permitted, "/a", "127.0.0.1"), "http://127.0.0.1:1/a"):
            with pytest.raises(errors.UrlForbidden) as caught:
                await fetcher.fetch_image(url)
            error: GatewayError = caught.value
            told.append((error.code, error.status, error.message, error.hint))
    assert told[0] == told[1]  # an open port and a closed one
    assert permitted.requests == []


async def test_047_a_hundred_who_want_one_picture_fetch_it_once(permitted: Host) -> None:
    async def slowly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(http(PNG))

    permitted.answers["/a"] = slowly
    async with fetching(permitted) as fetcher:
        urls = [at(permitted, "/a")] * 100
        fetched = await asyncio.gather(*map(fetcher.fetch_image, urls))
    assert {each.data for each in fetched} == {PNG}
    assert len(permitted.requests) == 1


async def test_047_a_failure_is_told_to_all_without_asking_again(permitted: Host) -> None:
    permitted.answers["/a"] = http(b"", status="410 X")
    settings = FetchSettings.model_validate(
        {"allow_networks": [f"{PERMITTED}/32"], "allow_ports": [permitted.port]}
    )
    fetcher = Fetcher(settings, clock=lambda: 0.0)
    for _ in range(3):
        told = await asyncio.gather(
            *(fetcher.fetch_image(at(permitted, "/a")) for _ in range(30)), return_exceptions=True
        )
        assert {type(error) for error in told} == {errors.FetchRefused}
    assert len(permitted.requests) == 1
    await fetcher.aclose()
