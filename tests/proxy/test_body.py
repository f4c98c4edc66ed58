from pathlib import Path
from typing import Any

import pytest

from core.errors import GatewayError
from proxy.body import (
    BodyEncoded,
    BodyInvalid,
    BodyReader,
    BodyTooLarge,
    CallTooLarge,
    ClientGone,
    MemoryBody,
    SpooledBody,
)
from proxy.request import Inbound
from proxy.spool import Spool, StorageUnavailable
from tests.proxy.conftest import inbound, receiving


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "tmp", max_bytes=6_000_000)


@pytest.fixture
def reader(spool: Spool) -> BodyReader:
    return BodyReader(spool, max_body_mb=5)


def declared(length: int | str, **headers: str) -> Inbound:
    return inbound(method="POST", headers={"content-length": str(length), **headers})


CHUNKED = {"transfer-encoding": "chunked"}


async def contents(body: MemoryBody | SpooledBody) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def test_a_request_without_a_body_has_none(reader: BodyReader) -> None:
    assert await reader.read(inbound(), receiving(b"")) is None
    assert await reader.read(declared(0), receiving(b"")) is None


@pytest.mark.parametrize("pieces", [(b"abcdef",), (b"abc", b"", b"def"), (b"", b"abcdef")])
async def test_a_small_body_stays_in_memory(reader: BodyReader, pieces: tuple[bytes, ...]) -> None:
    for request in (declared(6), inbound(method="POST", headers=CHUNKED)):
        body = await reader.read(request, receiving(*pieces))
        assert isinstance(body, MemoryBody)
        assert body.size == 6
        assert await contents(body) == b"abcdef"
        assert await contents(body) == b"abcdef"
        body.close()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_goes_to_disk_and_can_be_read_again(
    reader: BodyReader, spool: Spool, tmp_path: Path, *, chunked: bool
) -> None:
    pieces = [bytes([number]) * 60_000 for number in range(40)]
    request = inbound(method="POST", headers=CHUNKED) if chunked else declared(2_400_000)
    body = await reader.read(request, receiving(*pieces))
    assert isinstance(body, SpooledBody)
    assert body.size == spool.used_bytes == 2_400_000
    for _ in range(2):
        assert await contents(body) == b"".join(pieces)
    assert b"".join([c async for c in body.slice(59_999, 60_002)]) == b"\x00\x01\x01"
    body.close()
    assert spool.used_bytes == 0
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("length", "pieces", "refusal"),
    [
        ("5000001", (b"",), BodyTooLarge),
        ("10", (b"short",), BodyInvalid),
        ("3", (b"longer",), BodyInvalid),
        ("2000000", (b"x" * 1_500_000,), BodyInvalid),
        ("-1", (b"",), BodyInvalid),
        ("+3", (b"abc",), BodyInvalid),
        ("3, 3", (b"abc",), BodyInvalid),
        ("٣", (b"abc",), BodyInvalid),
        ("9" * 5_000, (b"",), BodyInvalid),
    ],
)
async def test_a_length_that_is_wrong_or_too_much_is_refused(
    reader: BodyReader,
    spool: Spool,
    length: str,
    pieces: tuple[bytes, ...],
    refusal: type[GatewayError],
) -> None:
    request = inbound(method="POST", headers={})
    request.headers[b"content-length"] = length.encode()
    with pytest.raises(refusal):
        await reader.read(request, receiving(*pieces))
    assert spool.used_bytes == 0


async def test_a_chunked_body_over_the_limit_is_refused_as_soon_as_it_is(
    reader: BodyReader, spool: Spool
) -> None:
    request = inbound(method="POST", headers=CHUNKED)
    with pytest.raises(BodyTooLarge):
        await reader.read(request, receiving(*[b"x" * 600_000] * 9, gone=True))
    assert spool.used_bytes == 0


@pytest.mark.parametrize("length", [100, 3_000_000])
async def test_a_caller_that_hangs_up_leaves_nothing(
    reader: BodyReader, spool: Spool, length: int
) -> None:
    with pytest.raises(ClientGone):
        await reader.read(declared(length), receiving(b"x" * (length // 2), gone=True))
    assert spool.used_bytes == 0


async def test_a_compressed_body_is_refused(reader: BodyReader) -> None:
    with pytest.raises(BodyEncoded):
        await reader.read(declared(3, **{"content-encoding": "gzip"}), receiving(b"abc"))


async def test_all_bodies_together_are_bounded(reader: BodyReader, spool: Spool) -> None:
    first = await reader.read(declared(4_000_000), receiving(b"x" * 4_000_000))
    assert first is not None
    with pytest.raises(StorageUnavailable):
        await reader.read(declared(4_000_000), receiving(b"x" * 4_000_000))
    assert spool.used_bytes == 4_000_000
    first.close()
    assert spool.used_bytes == 0


@pytest.mark.parametrize("pieces", [(b"abcdef",), (b"abc", b"", b"def")])
async def test_a_body_that_says_who_is_calling_is_read_whole(
    reader: BodyReader, pieces: tuple[bytes, ...]
) -> None:
    for request in (declared(6), inbound(method="POST", headers=CHUNKED)):
        body = await reader.read_small(request, receiving(*pieces))
        assert body is not None
        assert body.data == b"abcdef"
    assert await reader.read_small(inbound(), receiving(b"")) is None


async def test_of_a_stranger_no_more_than_64_kb_are_read(reader: BodyReader, spool: Spool) -> None:
    read = 0
    many = receiving(*[b"x" * 16_384] * 100)

    async def receive() -> Any:
        nonlocal read
        read += 1
        return await many()

    with pytest.raises(CallTooLarge):
        await reader.read_small(declared(65_537), receive)
    assert read == 0
    with pytest.raises(CallTooLarge):
        await reader.read_small(inbound(method="POST", headers=CHUNKED), receive)
    assert read == 5
    assert spool.used_bytes == 0
    with pytest.raises(BodyInvalid):
        await reader.read_small(declared(7), receiving(b"abcdef"))


async def test_what_is_made_here_is_kept_on_disk_where_it_is_large(
    reader: BodyReader, spool: Spool
) -> None:
    small = await reader.keep(b"x" * 1_000_000)
    assert (type(small), spool.used_bytes) == (MemoryBody, 0)
    data = b"large" * 400_000
    large = await reader.keep(data)
    assert (type(large), spool.used_bytes) == (SpooledBody, 2_000_000)
    assert await contents(large) == data
    large.close()
    assert spool.used_bytes == 0


async def test_without_room_it_is_kept_in_memory(reader: BodyReader, spool: Spool) -> None:
    spool.reserve(5_000_000)
    body = await reader.keep(b"x" * 2_000_000)
    assert (type(body), spool.used_bytes) == (MemoryBody, 5_000_000)
