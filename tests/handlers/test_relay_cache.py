from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from proxy.upstream import UpstreamSettings
from sandbox.server import RunningSandbox
from tests.gateway import READER_KEY, open_gateway
from tests.handlers.relaying import WITH_KEY
from tests.proxy.caching import CALLBACK_IPS, caching
from tests.proxy.conftest import sandbox, upstream_settings

__all__ = ["sandbox", "upstream_settings"]


@pytest.fixture
async def gate(
    upstream_settings: UpstreamSettings, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        open_gateway(caching(upstream_settings, tmp_path)) as opened,
        opened.client(**WITH_KEY) as client,
    ):
        yield client


async def test_a_hit_says_so_and_how_old_it_is(
    gate: httpx.AsyncClient, sandbox: RunningSandbox
) -> None:
    first = await gate.get(CALLBACK_IPS)
    second = await gate.get("/wx" + CALLBACK_IPS, params={"access_token": "placeholder"})
    assert [answer.headers["x-wxgate-cache"] for answer in (first, second)] == ["miss", "hit"]
    assert "age" not in first.headers
    assert 0 <= int(second.headers["age"]) < 60
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["x-wxgate-account"] == "main"
    assert sandbox.calls.count(CALLBACK_IPS) == 1


@pytest.mark.parametrize("said", ["no-cache", "max-age=0, No-Cache", "no-store"])
async def test_cache_control_asks_wechat_again(gate: httpx.AsyncClient, said: str) -> None:
    await gate.get(CALLBACK_IPS)
    answer = await gate.get(CALLBACK_IPS, headers={"cache-control": said})
    assert answer.headers["x-wxgate-cache"] == "bypass"
    assert "age" not in answer.headers


async def test_clients_of_other_rights_do_not_share(gate: httpx.AsyncClient) -> None:
    await gate.get(CALLBACK_IPS)
    reader = await gate.get(CALLBACK_IPS, headers={"authorization": f"Bearer {READER_KEY}"})
    assert reader.headers["x-wxgate-cache"] == "miss"
