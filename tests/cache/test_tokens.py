"""One contract, kept by every TokenStore."""

import asyncio
import time
from pathlib import Path

import pytest

from accounts.master_key import Sealer
from cache.backed_tokens import BackedTokenStore
from cache.fallback_tokens import FallbackTokenStore
from cache.kept_tokens import KeptTokenStore
from cache.keys import Keys
from cache.redis_tokens import RedisTokenStore
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore, TokenStore
from core.metrics import Metrics
from core.tasks import TaskSet
from proxy.database_tokens import DatabaseTokenStore
from store.engine import Database
from tests.cache.conftest import link_for

APP = "wx5a4db0c0ffee0001"
OTHER = "wx5a4db0c0ffee0002"


@pytest.fixture
def statistics() -> CacheStatistics:
    return CacheStatistics(Metrics())


@pytest.fixture(params=["memory", "kept", "redis", "fallback", "cluster", "database", "backed"])
def store(
    request: pytest.FixtureRequest, statistics: CacheStatistics, tmp_path: Path
) -> TokenStore:
    local = MemoryTokenStore(statistics.register)
    if request.param == "kept":
        return KeptTokenStore(local, tmp_path / "tokens", Sealer(b"k" * 32))
    if request.param == "memory":
        return local
    sealer = Sealer(b"k" * 32)
    if request.param == "database":
        return _on_postgres(request, statistics)
    shared = RedisTokenStore(link_for(request), Keys("test"), sealer, statistics.register)
    if request.param == "backed":
        return BackedTokenStore(shared, _on_postgres(request, statistics))
    return FallbackTokenStore(shared, local) if request.param == "fallback" else shared


def _on_postgres(request: pytest.FixtureRequest, statistics: CacheStatistics) -> DatabaseTokenStore:
    database: Database = request.getfixturevalue("postgres")
    return DatabaseTokenStore(database, Sealer(b"k" * 32), statistics.register, tasks=TaskSet())


def token(value: str, epoch: int, life_s: float = 7_200, cause: str = "cold") -> AccessToken:
    now = time.time()
    return AccessToken(value, now + life_s, epoch, cause, now)


async def test_an_empty_store_has_no_token(store: TokenStore) -> None:
    assert await store.get(APP) is None


async def test_a_token_is_kept_with_all_that_belongs_to_it(store: TokenStore) -> None:
    kept = token("92_a+b/=%&", 7, cause="invalid")
    assert await store.put(APP, kept)
    found = await store.get(APP)
    assert found is not None
    assert (found.value, found.epoch, found.cause) == ("92_a+b/=%&", 7, "invalid")
    assert found.expires_at == pytest.approx(kept.expires_at, abs=2)
    assert found.fetched_at == kept.fetched_at


async def test_accounts_do_not_mix(store: TokenStore) -> None:
    await store.put(APP, token("mine", 1))
    assert await store.get(OTHER) is None


async def test_an_older_token_never_replaces_a_newer(store: TokenStore) -> None:
    assert await store.put(APP, token("new", 5))
    assert not await store.put(APP, token("old", 4))
    assert not await store.put(APP, token("same age", 5))
    found = await store.get(APP)
    assert found is not None
    assert found.value == "new"


async def test_a_token_ends_with_its_life(store: TokenStore) -> None:
    await store.put(APP, token("short", 1, life_s=0.05))
    await asyncio.sleep(0.08)
    assert await store.get(APP) is None


async def test_an_expired_token_is_not_taken_in(store: TokenStore) -> None:
    await store.put(APP, token("dead", 1, life_s=-5))
    assert await store.get(APP) is None


async def test_one_of_many_gets_the_lease(store: TokenStore) -> None:
    leases = await asyncio.gather(*(store.acquire(APP, ttl_s=5, above=0) for _ in range(20)))
    assert sum(lease is not None for lease in leases) == 1


async def test_a_lease_that_is_given_back_can_be_had_again_with_a_higher_epoch(
    store: TokenStore,
) -> None:
    first = await store.acquire(APP, ttl_s=5, above=0)
    assert first is not None
    await store.release(APP, first)
    second = await store.acquire(APP, ttl_s=5, above=0)
    assert second is not None
    assert second.epoch > first.epoch


async def test_a_lease_is_above_whatever_the_caller_has_seen(store: TokenStore) -> None:
    lease = await store.acquire(APP, ttl_s=5, above=9_000_000_000_000)
    assert lease is not None
    assert lease.epoch == 9_000_000_000_001


async def test_the_lease_of_a_killed_holder_ends_by_itself(store: TokenStore) -> None:
    assert await store.acquire(APP, ttl_s=0.05, above=0) is not None
    await asyncio.sleep(0.08)
    assert await store.acquire(APP, ttl_s=5, above=0) is not None


async def test_one_of_many_may_force_a_token_until_the_gap_is_over(store: TokenStore) -> None:
    waits = await asyncio.gather(*(store.claim_force(APP, gap_s=30) for _ in range(20)))
    assert waits.count(0) == 1
    assert all(29 < wait_s <= 30 for wait_s in waits if wait_s)
    assert await store.claim_force(OTHER, gap_s=0.03) == 0
    await asyncio.sleep(0.05)
    assert await store.claim_force(OTHER, gap_s=30) == 0


async def test_a_holder_that_slept_past_its_lease_cannot_write_or_release(
    store: TokenStore,
) -> None:
    asleep = await store.acquire(APP, ttl_s=0.05, above=0)
    await asyncio.sleep(0.08)
    awake = await store.acquire(APP, ttl_s=5, above=0)
    assert asleep is not None
    assert awake is not None
    assert await store.put(APP, token("live", awake.epoch))
    assert not await store.put(APP, token("late", asleep.epoch))
    await store.release(APP, asleep)
    assert await store.acquire(APP, ttl_s=5, above=0) is None
    found = await store.get(APP)
    assert found is not None
    assert found.value == "live"


async def test_accounts_have_leases_of_their_own(store: TokenStore) -> None:
    assert await store.acquire(APP, ttl_s=5, above=0) is not None
    assert await store.acquire(OTHER, ttl_s=5, above=0) is not None


async def test_memory_holds_only_the_last_used_accounts(statistics: CacheStatistics) -> None:
    memory = MemoryTokenStore(statistics.register, capacity=2)
    for number in range(3):
        await memory.put(f"app{number}", token("t", 1))
    assert await memory.get("app0") is None
    assert await memory.get("app2") is not None
    cache = statistics.snapshot()["caches"][0]
    assert cache["entries"] == cache["capacity"] == 2
    assert cache["accounts"]["app0"]["evictions"] == 1


async def test_memory_counts_what_expired(statistics: CacheStatistics) -> None:
    memory = MemoryTokenStore(statistics.register)
    await memory.put(APP, token("short", 1, life_s=0.01))
    await asyncio.sleep(0.02)
    await memory.put(OTHER, token("t", 1))
    accounts = statistics.snapshot()["caches"][0]["accounts"]
    assert accounts[APP]["expirations"] == 1
    assert accounts[APP]["evictions"] == 0


def test_a_token_does_not_show_its_value() -> None:
    assert "92_secret" not in repr(token("92_secret", 1))
