import asyncio
import ssl

import pytest

from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.errors import FetchRefused, HostBusy
from fetch.transport import GuardedTransport
from fetch.urls import Target
from fetch.visit import Elsewhere, Fetched, Visits
from tests.fetch.conftest import PNG, Host, ScriptedResolver, http


def _visits() -> Visits:
    backend = GuardedBackend(AddressPolicy(["127.0.0.1/32"]), ScriptedResolver())
    return Visits(GuardedTransport(backend, ssl.create_default_context()), 10_000)


async def _get(host: Host, answer: bytes, *, referer: bool = False) -> Fetched | Elsewhere:
    host.answers["/a"] = answer
    claimed: list[int] = []

    async def claim(size: int) -> None:
        claimed.append(size)
        await asyncio.sleep(0)

    target = Target("http", "127.0.0.1", host.port, "/a")
    return await _visits().get(target, claim, referer=referer)


async def test_one_request_gives_the_picture_or_the_place_it_moved_to(host: Host) -> None:
    assert await _get(host, http(PNG)) == Fetched(PNG, "image/png")
    assert await _get(host, http(b"", status="302 X", location="/b")) == Elsewhere("/b")


async def test_a_referer_is_the_pictures_own_origin(host: Host) -> None:
    await _get(host, http(PNG))
    await _get(host, http(PNG), referer=True)
    assert "referer" not in host.requests[0].lower()
    assert f"Referer: http://127.0.0.1:{host.port}/\r\n" in host.requests[1]


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({}, 1),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0"}, 1),
        ({"retry_after": "999999999"}, 300),
        ({"retry_after": "soon"}, 1),
        ({"retry_after": "Sun, 22 Nov 2026 12:00:09 GMT"}, 1),  # its own clock is not told
        (
            {
                "date": "Sun, 22 Nov 2026 12:00:00 GMT",
                "retry_after": "Sun, 22 Nov 2026 12:00:09 GMT",
            },
            9,
        ),
        (
            {
                "date": "Sun, 22 Nov 2026 12:00:00 GMT",
                "retry_after": "Sun, 22 Nov 2020 12:00:09 GMT",
            },
            1,
        ),
    ],
)
async def test_a_busy_host_says_how_long(
    host: Host, headers: dict[str, str], pause_s: float
) -> None:
    for status in ("429 X", "503 X"):
        with pytest.raises(HostBusy) as caught:
            await _get(host, http(b"", status=status, length=True, **headers))
        assert caught.value.retry_after_s == pause_s


async def test_the_refusal_says_whether_a_referer_was_tried(host: Host) -> None:
    with pytest.raises(FetchRefused) as plain:
        await _get(host, http(b"", status="403 X"))
    with pytest.raises(FetchRefused) as tried:
        await _get(host, http(b"", status="403 X"), referer=True)
    assert str(plain.value).endswith("(HTTP 403)")
    assert str(tried.value).endswith("(HTTP 403, with its own Referer too)")
