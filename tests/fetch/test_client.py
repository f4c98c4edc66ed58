import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator

import pytest

from core.errors import GatewayError
from fetch import errors
from fetch.addresses import Address
from fetch.client import Fetcher
from fetch.settings import FetchSettings
from tests.fetch.conftest import PNG, Host, ScriptedResolver, http


@pytest.fixture
async def fetcher(host: Host) -> AsyncIterator[Fetcher]:
    # A clock that leaps: no failure is told twice without asking again.
    made = Fetcher(_settings(host), clock=itertools.count(0, 100).__next__)
    yield made
    await made.aclose()


def _settings(host: Host, **changes: object) -> FetchSettings:
    given = {
        "allow_networks": ["127.0.0.1/32"],
        "allow_ports": [host.port, 80],
        "max_bytes": 10_000,
        **changes,
    }
    return FetchSettings.model_validate(given)


async def test_a_picture_comes_with_the_type_of_its_bytes(host: Host, fetcher: Fetcher) -> None:
    host.answers["/a"] = http(PNG, content_type="application/octet-stream")
    fetched = await fetcher.fetch_image(host.url("/a"))
    assert (fetched.data, fetched.content_type) == (PNG, "image/png")


async def test_a_host_learns_nothing_about_us(
    host: Host, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Proxies and .netrc of the environment would send the request, or a password, elsewhere.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    host.answers["/a"] = http(PNG, set_cookie="id=1; Path=/")
    await fetcher.fetch_image(host.url("/a"))
    await fetcher.fetch_image(host.url("/a"))
    names = [line.split(":")[0].lower() for line in host.requests[1].split("\r\n")[1:-2]]
    assert names == ["host", "accept", "accept-encoding", "connection", "user-agent"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.2/x", "http://localhost/x", "http://[::1]/x", "http://10.0.0.1/x"),
        *("http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest/meta-data/"),
    ],
)
async def test_addresses_inside_are_refused_before_a_packet_is_sent(host: Host, url: str) -> None:
    fetcher = Fetcher(_settings(host, allow_networks=[], allow_ports=[80, host.port]))
    with pytest.raises(errors.UrlForbidden):
        await fetcher.fetch_image(url.replace("/x", f":{host.port}/x"))
    assert host.requests == []
    await fetcher.aclose()


@pytest.mark.parametrize("status", ["301 X", "302 X", "303 X", "307 X", "308 X"])
async def test_every_hop_is_judged(host: Host, fetcher: Fetcher, status: str) -> None:
    host.answers["/ok"] = http(b"", status=status, location="/pic")
    host.answers["/pic"] = http(PNG)
    assert (await fetcher.fetch_image(host.url("/ok"))).data == PNG
    for location in (
        *("http://10.0.0.1/", "http://127.0.0.2/", "//[::1]/", "file:///etc/passwd", "gopher://x/"),
        *("http://127.0.0.1:22/", "http://u:p@127.0.0.1/", "http://0x7f.1/", "http://[::1", ""),
    ):
        host.answers["/bad"] = http(b"", status=status, location=location)
        host.answers["/"] = http(b"", status=status, location=location)
        with pytest.raises((errors.RedirectForbidden, errors.TooManyRedirects)) as caught:
            await fetcher.fetch_image(host.url("/bad"))
        assert (caught.type is errors.TooManyRedirects) == (location == "")


async def test_the_fourth_redirect_in_a_row_is_one_too_many(host: Host, fetcher: Fetcher) -> None:
    for hop in range(4):
        host.answers[f"/{hop}"] = http(b"", status="302 X", location=f"/{hop + 1}")
    host.answers["/4"] = http(PNG)
    assert (await fetcher.fetch_image(host.url("/1"))).data == PNG
    with pytest.raises(errors.TooManyRedirects):
        await fetcher.fetch_image(host.url("/0"))


async def _endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(http(b"", length=False, transfer_encoding="chunked"))
    while not writer.is_closing():
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize(
    "answer",
    [
        http(b"x" * 20_000),
        http(b"", content_length="20000"),
        _endless,
        http(b"x" * 20_000, length=False),
    ],
)
async def test_a_body_over_the_cap_is_cut_off(host: Host, fetcher: Fetcher, answer: bytes) -> None:
    host.answers["/a"] = answer
    with pytest.raises(errors.ImageTooLarge):
        await fetcher.fetch_image(host.url("/a"))


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "deflate"])
async def test_a_compressed_body_is_not_unfolded(
    host: Host, fetcher: Fetcher, encoding: str
) -> None:
    host.answers["/a"] = http(gzip.compress(b"\0" * 9_000_000), content_encoding=encoding)
    with pytest.raises(errors.FetchFailed):
        await fetcher.fetch_image(host.url("/a"))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>", "text/html"),
        (PNG, "text/html"),
        (b"<html>", "image/png"),
        (PNG, "image/png;charset=x, text/html"),
        (PNG, "multipart/form-data"),
        (b"", "image/png"),
    ],
)
async def test_type_and_bytes_must_both_be_a_pictures(
    host: Host, fetcher: Fetcher, body: bytes, content_type: str
) -> None:
    host.answers["/a"] = http(body, content_type=content_type)
    with pytest.raises(errors.NotAnImage):
        await fetcher.fetch_image(host.url("/a"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(status="404 X"), errors.FetchRefused),
        (http(status="403 X"), errors.FetchRefused),
        (http(status="500 X"), errors.FetchFailed),
        (http(status="206 X"), errors.FetchFailed),
        (b"HTTP/1.1 204 X\r\n\r\n", errors.FetchFailed),
        (b"HTTP/1.1 304 X\r\n\r\n", errors.FetchFailed),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", errors.FetchFailed),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", errors.FetchFailed),
        (http(PNG, content_length="9999"), errors.FetchFailed),
        (b"", errors.FetchFailed),
    ],
)
async def test_other_answers_are_clear_errors(
    host: Host, fetcher: Fetcher, answer: bytes, error: type[GatewayError]
) -> None:
    host.answers["/a"] = answer
    with pytest.raises(error):
        await fetcher.fetch_image(host.url("/a?token=SECRET")[: -len("?token=SECRET")])


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_the_deadline_is_for_the_whole_fetch_and_frees_the_connection(host: Host) -> None:
    host.answers["/a"] = _drip
    fetcher = Fetcher(_settings(host, timeout_s=0.2))
    with pytest.raises(errors.FetchTimeout):
        await fetcher.fetch_image(host.url("/a"))
    await fetcher.aclose()


async def test_errors_never_show_the_query(host: Host, fetcher: Fetcher) -> None:
    host.answers["/a?token=SECRET"] = http(b"no", content_type="text/plain")
    with pytest.raises(errors.NotAnImage) as caught:
        await fetcher.fetch_image(host.url("/a?token=SECRET"))
    assert "SECRET" not in str(caught.value)
    assert "/a" in str(caught.value)


async def test_a_name_is_judged_by_the_answers_of_its_resolver(host: Host) -> None:
    host.answers["/a"] = http(PNG)
    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["10.9.9.9"])
    clock = itertools.count(0, 100).__next__
    fetcher = Fetcher(_settings(host), resolver=resolver, clock=clock)
    url = f"http://pics.example:{host.port}/a"
    assert (await fetcher.fetch_image(url)).data == PNG
    with pytest.raises(errors.UrlForbidden) as caught:
        resolver.answers.pop(0)
        await fetcher.fetch_image(url)
    assert "pics.example" in str(caught.value)
    with pytest.raises(errors.DnsFailed):
        await fetcher.fetch_image(url)
    await fetcher.aclose()


class _Room:
    def __init__(self, wait_s: float = 0) -> None:
        self.taken: list[int] = []
        self._wait_s = wait_s

    async def take(self, size: int) -> None:
        await asyncio.sleep(self._wait_s)
        self.taken.append(size)


async def test_room_is_taken_as_the_host_says_else_for_the_largest(
    host: Host, fetcher: Fetcher
) -> None:
    host.answers["/said"] = http(PNG)
    host.answers["/unsaid"] = http(PNG, length=False)
    host.answers["/no"] = http(b"", status="404 X")
    room = _Room()
    await fetcher.fetch_image(host.url("/said"), room)
    await fetcher.fetch_image(host.url("/unsaid"), room)
    with pytest.raises(errors.FetchRefused):
        await fetcher.fetch_image(host.url("/no"), room)
    assert room.taken == [len(PNG), 10_000]


async def test_waiting_for_room_is_not_the_hosts_time(host: Host) -> None:
    host.answers["/a"] = http(PNG)
    fetcher = Fetcher(_settings(host, timeout_s=1))
    assert (await fetcher.fetch_image(host.url("/a"), _Room(wait_s=1.2))).data == PNG
    await fetcher.aclose()


class _BrokenResolver(ScriptedResolver):
    async def resolve(self, host: str, port: int) -> list[Address]:
        raise ValueError(host, port)


async def test_a_fault_of_a_library_is_a_failed_fetch(host: Host) -> None:
    fetcher = Fetcher(_settings(host), resolver=_BrokenResolver())
    with pytest.raises(errors.FetchFailed, match="ValueError"):
        await fetcher.fetch_image(f"http://pics.example:{host.port}/a")
    await fetcher.aclose()


def _referer(request: str) -> str | None:
    lines = dict(line.split(": ", 1) for line in request.split("\r\n")[1:-2])
    return lines.get("Referer")


@pytest.mark.parametrize("status", ["401 X", "403 X", "404 X"])
async def test_a_host_that_wants_its_own_referer_is_asked_again_with_it(
    host: Host, fetcher: Fetcher, status: str
) -> None:
    async def guarded(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        known = _referer(host.requests[-1]) == host.url("/")
        writer.write(http(PNG) if known else http(b"", status=status))

    host.answers["/a"] = guarded
    assert (await fetcher.fetch_image(host.url("/a"))).data == PNG
    assert [_referer(request) for request in host.requests] == [None, host.url("/")]


async def test_after_a_redirect_the_referer_is_the_new_hosts(host: Host, fetcher: Fetcher) -> None:
    host.answers["/a"] = http(b"", status="302 X", location=host.url("/b?x=SECRET"))
    host.answers["/b?x=SECRET"] = http(b"", status="403 X")
    with pytest.raises(errors.FetchRefused, match="its own Referer too"):
        await fetcher.fetch_image(host.url("/a"))
    assert [_referer(request) for request in host.requests] == [None, None, host.url("/")]


async def test_no_referer_is_sent_where_the_operator_wants_none(host: Host) -> None:
    host.answers["/a"] = http(b"", status="403 X")
    fetcher = Fetcher(_settings(host, referer="never"))
    with pytest.raises(errors.FetchRefused):
        await fetcher.fetch_image(host.url("/a"))
    assert [_referer(request) for request in host.requests] == [None]
    await fetcher.aclose()


async def test_other_refusals_are_final(host: Host, fetcher: Fetcher) -> None:
    host.answers["/a"] = http(b"", status="410 X")
    with pytest.raises(errors.FetchRefused):
        await fetcher.fetch_image(host.url("/a"))
    assert len(host.requests) == 1


async def test_a_host_is_asked_by_a_few_at_once(host: Host) -> None:
    now, most = 0, 0

    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        writer.write(http(PNG))

    host.answers = {f"/{number}": slow for number in range(12)}
    fetcher = Fetcher(_settings(host, connections_per_host=3))
    await asyncio.gather(*(fetcher.fetch_image(host.url(path)) for path in host.answers))
    assert most == 3
    await fetcher.aclose()


@pytest.mark.parametrize("status", ["429 X", "503 X"])
async def test_a_busy_host_is_asked_again_after_its_pause(
    host: Host, fetcher: Fetcher, status: str
) -> None:
    loop = asyncio.get_running_loop()
    asked: list[float] = []

    async def busy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(loop.time())
        writer.write(http(PNG) if len(asked) > 1 else http(b"", status=status, retry_after="1"))

    host.answers["/a"] = busy
    host.answers["/b"] = http(PNG)
    first = asyncio.ensure_future(fetcher.fetch_image(host.url("/a")))
    while not asked:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    await fetcher.fetch_image(host.url("/b"))  # another picture of that host waits too
    assert loop.time() - asked[0] >= 0.95
    assert (await first).data == PNG
    assert asked[1] - asked[0] >= 0.95


async def test_a_host_that_wants_a_longer_pause_ends_the_fetch(host: Host) -> None:
    host.answers["/a"] = http(b"", status="429 X", retry_after="60")
    host.answers["/b"] = http(PNG)
    fetcher = Fetcher(_settings(host, timeout_s=2))
    for path in ("/a", "/b"):
        with pytest.raises(errors.HostBusy) as caught:
            await fetcher.fetch_image(host.url(path))
        assert 55 < (caught.value.retry_after_s or 0) <= 60
    assert len(host.requests) == 1
    await fetcher.aclose()


async def test_who_gets_anothers_fetch_takes_his_own_room(host: Host, fetcher: Fetcher) -> None:
    host.answers["/a"] = http(PNG, length=False)
    rooms = [_Room(), _Room()]
    url = host.url("/a")
    await asyncio.gather(*(fetcher.fetch_image(url, room) for room in rooms))
    assert [room.taken for room in rooms] == [[10_000], [len(PNG)]]
    assert len(host.requests) == 1
