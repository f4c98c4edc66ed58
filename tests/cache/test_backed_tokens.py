"""Two stores that may each be away or forget: real memory stores behind a door that shuts."""

import asyncio

import pytest

from cache.backed_tokens import BackedTokenStore
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, Lease, MemoryTokenStore, TokensAway
from core.metrics import Metrics
from tests.cache.conftest import Time

APP = "wx5a4db0c0ffee0001"


class Shared(MemoryTokenStore):
    """A store that can go away, and forget."""

    def __init__(self, time: Time) -> None:
        self.away = False
        self.stuck: str | None = None  # in this call nothing moves
        self._time = time
        self.forget()

    def forget(self) -> None:
        super().__init__(CacheStatistics(Metrics()).register, clock=self._time)

    def _look(self) -> None:
        if self.away:
            raise TokensAway

    async def _stick(self, call: str) -> None:
        if self.stuck == call:
            await asyncio.Event().wait()

    async def get(self, app_id: str) -> AccessToken | None:
        self._look()
        await self._stick("get")
        return await super().get(app_id)

    async def put(self, app_id: str, token: AccessToken) -> bool:
        self._look()
        return await super().put(app_id, token)

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        self._look()
        await self._stick("acquire")
        return await super().acquire(app_id, ttl_s=ttl_s, above=above)

    async def release(self, app_id: str, lease: Lease) -> None:
        self._look()
        await super().release(app_id, lease)

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        self._look()
        return await super().claim_force(app_id, gap_s=gap_s)


class Stand:
    """A store of both, and the two."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.first, self.backing = Shared(time), Shared(time)
        self.store = BackedTokenStore(self.first, self.backing)

    def token(self, value: str, epoch: int) -> AccessToken:
        return AccessToken(value, self.time.now + 7_200, epoch, "cold", self.time.now)

    async def finds(self) -> str:
        found = await self.store.get(APP)
        return "" if found is None else found.value

    async def fetch(self, value: str) -> bool:
        """As TokenService does: under a lease; False if another one has it."""
        lease = await self.store.acquire(APP, ttl_s=10, above=0)
        if lease is None:
            return False
        await self.store.put(APP, self.token(value, lease.epoch))
        await self.store.release(APP, lease)
        return True


@pytest.fixture
def stand(time: Time) -> Stand:
    return Stand(time)


async def test_what_is_fetched_stands_in_both(stand: Stand) -> None:
    assert await stand.fetch("one")
    for store in (stand.first, stand.backing):
        found = await store.get(APP)
        assert found is not None
        assert found.value == "one"


@pytest.mark.parametrize("away", ["first", "backing"])
async def test_either_of_them_is_enough(stand: Stand, away: str) -> None:
    assert await stand.fetch("one")
    getattr(stand, away).away = True
    assert await stand.finds() == "one"
    assert await stand.fetch("two")
    assert await stand.finds() == "two"


async def test_a_first_that_forgot_is_told_again(stand: Stand) -> None:
    assert await stand.fetch("one")
    stand.first.forget()
    assert await stand.finds() == "one"
    stand.backing.away = True
    assert await stand.finds() == "one"


async def test_without_both_somebody_else_must_know(stand: Stand) -> None:
    assert await stand.fetch("one")
    stand.first.away = stand.backing.away = True
    for asked in (
        stand.store.get(APP),
        stand.store.put(APP, stand.token("two", 2)),
        stand.store.acquire(APP, ttl_s=10, above=0),
        stand.store.claim_force(APP, gap_s=30),
    ):
        with pytest.raises(TokensAway):
            await asked
    await stand.store.release(APP, Lease("a/b", 1))


@pytest.mark.parametrize("holder", ["sees the first", "does not"])
async def test_a_lease_binds_those_who_do_not_see_the_same_stores(
    stand: Stand, holder: str
) -> None:
    others = Stand(stand.time)
    others.first.away = True
    others.store = BackedTokenStore(others.first, stand.backing)
    one, two = (stand, others) if holder == "sees the first" else (others, stand)
    lease = await one.store.acquire(APP, ttl_s=10, above=0)
    assert lease is not None
    assert await two.store.acquire(APP, ttl_s=10, above=0) is None
    await one.store.release(APP, lease)
    assert await two.store.acquire(APP, ttl_s=10, above=0) is not None


async def test_what_was_fetched_without_the_first_is_in_it_before_anyone_fetches(
    stand: Stand,
) -> None:
    assert await stand.fetch("old")
    stand.first.away = True
    assert await stand.fetch("new")
    stand.first.away = False
    assert await stand.store.acquire(APP, ttl_s=10, above=0) is not None
    assert await stand.finds() == "new"


async def test_the_lease_s_epoch_is_above_those_of_both(stand: Stand) -> None:
    before = await stand.backing.acquire(APP, ttl_s=0, above=9_000_000_000_000)
    assert before is not None
    lease = await stand.store.acquire(APP, ttl_s=10, above=0)
    assert lease is not None
    assert lease.epoch > before.epoch


async def test_an_older_token_is_kept_by_neither(stand: Stand) -> None:
    await stand.first.put(APP, stand.token("new", 2))
    assert not await stand.store.put(APP, stand.token("old", 1))
    assert await stand.backing.get(APP) is None


@pytest.mark.parametrize("forgetful", ["first", "backing"])
async def test_a_gap_holds_though_one_forgot_it(stand: Stand, forgetful: str) -> None:
    assert await stand.store.claim_force(APP, gap_s=30) == 0
    getattr(stand, forgetful).forget()
    assert await stand.store.claim_force(APP, gap_s=30) > 0


async def test_what_is_newer_in_the_backing_store_is_in_the_first_once_a_put_was_in_vain(
    stand: Stand,
) -> None:
    await stand.backing.put(APP, stand.token("newer", 2))
    assert not await stand.store.put(APP, stand.token("late", 1))
    assert await stand.finds() == "newer"


@pytest.mark.parametrize("call", ["acquire", "get"])
async def test_who_is_cancelled_between_the_two_leaves_no_lease_behind(
    stand: Stand, call: str
) -> None:
    stand.backing.stuck = call
    cut_off = asyncio.ensure_future(stand.store.acquire(APP, ttl_s=10, above=0))
    await asyncio.sleep(0.01)
    cut_off.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut_off
    stand.backing.stuck = None
    assert await stand.store.acquire(APP, ttl_s=10, above=0) is not None
