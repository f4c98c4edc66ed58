import stat
import time
from pathlib import Path

import pytest

from accounts.master_key import Sealer
from cache.kept_tokens import KeptTokenStore
from cache.stats import CacheStatistics
from cache.tokens import AccessToken, MemoryTokenStore
from core.metrics import Metrics

APP = "wx5a4db0c0ffee0001"
OTHER = "wx5a4db0c0ffee0002"
SEALER = Sealer(b"k" * 32)


async def opened(path: Path, sealer: Sealer = SEALER) -> KeptTokenStore:
    local = MemoryTokenStore(CacheStatistics(Metrics()).register)
    store = KeptTokenStore(local, path, sealer)
    await store.load()
    return store


def token(value: str, life_s: float = 7_200) -> AccessToken:
    return AccessToken(value, time.time() + life_s, 1, "cold", time.time())


async def test_the_next_process_has_the_tokens_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    first = await opened(path)
    kept = token("CANARYTOKEN")
    await first.put(APP, kept)
    await first.put(OTHER, token("short", life_s=0.01))
    second = await opened(path)
    assert await second.get(APP) == kept
    time.sleep(0.02)
    assert await (await opened(path)).get(OTHER) is None


async def test_the_file_is_sealed_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    await (await opened(path)).put(APP, token("CANARYTOKEN"))
    assert b"CANARYTOKEN" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["tokens"]


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x00" * 12])
async def test_a_damaged_file_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(content)
    assert await (await opened(path)).get(APP) is None


async def test_another_master_key_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    await (await opened(path)).put(APP, token("CANARYTOKEN"))
    assert await (await opened(path, Sealer(b"x" * 32))).get(APP) is None


async def test_a_disk_that_cannot_be_written_costs_only_the_convenience(tmp_path: Path) -> None:
    store = await opened(tmp_path / "missing" / "tokens")
    assert await store.put(APP, token("t"))
    assert (await store.get(APP)) is not None
