import hashlib
from pathlib import Path

import pytest

from cache.nonces import MemoryNonces
from cache.stats import CacheStatistics
from core.metrics import Metrics
from proxy.body import BodyReader
from proxy.replay import Replayed, ReplayGuard
from proxy.signature import DigestWrong, SignedRequest, content_digest
from proxy.signed_body import SignedBodies
from proxy.spool import Spool
from proxy.structured import read_digest
from tests.proxy.conftest import Time, inbound, receiving

SMALL, LARGE = b"x" * 1_000, b"y" * 1_500_000


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "tmp", max_bytes=10_000_000)


@pytest.fixture
def bodies(spool: Spool, time: Time) -> SignedBodies:
    nonces = MemoryNonces(300, CacheStatistics(Metrics()).register, clock=time)
    return SignedBodies(BodyReader(spool, max_body_mb=5), ReplayGuard(nonces))


def signed(body: bytes, time: Time, nonce: str = "n" * 16) -> SignedRequest:
    digest = read_digest(content_digest(body))
    return SignedRequest("blog", b"key", nonce, int(time.now) + 1, digest)


@pytest.mark.parametrize("body", [SMALL, LARGE])
@pytest.mark.parametrize("framing", ["content-length", "transfer-encoding"])
async def test_a_body_is_handed_on_if_it_was_signed(
    bodies: SignedBodies, time: Time, body: bytes, framing: str
) -> None:
    value = str(len(body)) if framing == "content-length" else "chunked"
    request = inbound(method="POST", headers={framing: value})
    pieces = [body[:7], body[7:]]
    read = await bodies.read(request, receiving(*pieces), signed(body, time), write=True)
    assert read is not None
    whole = b"".join([chunk async for chunk in read.chunks()])
    assert hashlib.sha256(whole).digest() == hashlib.sha256(body).digest()
    read.close()


@pytest.mark.parametrize("body", [SMALL, LARGE])
async def test_a_changed_body_is_refused_before_its_nonce_is_taken(
    bodies: SignedBodies, time: Time, tmp_path: Path, body: bytes
) -> None:
    request = inbound(method="POST", headers={"content-length": str(len(body))})
    by_caller = signed(body, time)
    with pytest.raises(DigestWrong):
        await bodies.read(request, receiving(body[:-1] + b"z"), by_caller, write=True)
    assert list(tmp_path.glob("tmp/*")) == []
    read = await bodies.read(request, receiving(body), by_caller, write=True)
    assert read is not None
    read.close()
    with pytest.raises(Replayed):
        await bodies.read(request, receiving(body), by_caller, write=True)
    assert list(tmp_path.glob("tmp/*")) == []


async def test_no_body_counts_as_an_empty_one(bodies: SignedBodies, time: Time) -> None:
    request = inbound()
    assert await bodies.read(request, receiving(), signed(b"", time), write=False) is None
    with pytest.raises(DigestWrong):
        await bodies.read(request, receiving(), signed(b"x", time, "m" * 16), write=False)
    assert (
        await bodies.read_small(request, receiving(), signed(b"", time, "o" * 16), write=False)
        is None
    )


async def test_a_body_that_says_who_calls_is_checked_too(bodies: SignedBodies, time: Time) -> None:
    request = inbound(method="POST", headers={"content-length": "2"})
    by_caller = signed(b"{}", time)
    with pytest.raises(DigestWrong):
        await bodies.read_small(request, receiving(b"[]"), by_caller, write=True)
    read = await bodies.read_small(request, receiving(b"{}"), by_caller, write=True)
    assert read is not None
    with pytest.raises(Replayed):
        await bodies.read_small(request, receiving(b"{}"), by_caller, write=True)


async def test_unsigned_bodies_are_read_as_ever(bodies: SignedBodies) -> None:
    request = inbound(method="POST", headers={"content-length": "2"})
    for read in (
        await bodies.read(request, receiving(b"{}"), None, write=True),
        await bodies.read_small(request, receiving(b"{}"), None, write=True),
    ):
        assert read is not None
        assert read.size == 2
