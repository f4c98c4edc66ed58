import pytest

from cache.nonces import NoncesFull, Verdict
from cache.redis import RedisAway
from proxy.replay import Replayed, ReplayGuard, ReplayGuardUnavailable, Stale
from proxy.signature import SignedRequest

SIGNED = SignedRequest("blog", b"key", "n" * 16, 1_795_300_000, None)


class Nonces:
    """A store that always says the same."""

    def __init__(self, says: Verdict | Exception) -> None:
        self.says = says
        self.asked = 0

    async def take(self, client_id: str, nonce: str, created: int) -> Verdict:
        self.asked += 1
        assert (client_id, nonce, created) == ("blog", "n" * 16, 1_795_300_000)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.parametrize("write", [True, False])
async def test_what_the_store_says_counts(*, write: bool) -> None:
    await ReplayGuard(Nonces("fresh")).admit(SIGNED, write=write)
    with pytest.raises(Replayed):
        await ReplayGuard(Nonces("replay")).admit(SIGNED, write=write)
    with pytest.raises(Stale):
        await ReplayGuard(Nonces("stale")).admit(SIGNED, write=write)
    with pytest.raises(ReplayGuardUnavailable):
        await ReplayGuard(Nonces(NoncesFull())).admit(SIGNED, write=write)


async def test_the_shared_store_is_asked_alone_while_it_answers() -> None:
    local, shared = Nonces("replay"), Nonces("fresh")
    await ReplayGuard(local, shared).admit(SIGNED, write=True)
    assert (local.asked, shared.asked) == (0, 1)


async def test_without_redis_writes_are_refused_and_reads_checked_here() -> None:
    away = Nonces(RedisAway(sent=False))
    with pytest.raises(ReplayGuardUnavailable) as caught:
        await ReplayGuard(Nonces("fresh"), away).admit(SIGNED, write=True)
    assert (caught.value.status, caught.value.retryable) == (503, True)
    await ReplayGuard(Nonces("fresh"), away).admit(SIGNED, write=False)
    with pytest.raises(Replayed):
        await ReplayGuard(Nonces("replay"), away).admit(SIGNED, write=False)
