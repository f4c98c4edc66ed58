import json
import re
from typing import Any

import pytest

from server.cli.cache import cache_view
from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate_process

IPS, HERE = "/cgi-bin/getcallbackip", {"X-Wxgate-Account": "main"}


@pytest.fixture
def client() -> dict[str, Any]:
    scopes = ["relay:read", "stats", "admin"]
    return {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": scopes}


async def test_caches_are_shown_warmed_and_cleared(open_stand: Any, client: dict[str, Any]) -> None:
    async with open_stand({"clients": [client]}) as stand:
        at_gate = ("--server", stand.url, "--key", KEY)
        for _ in range(2):
            await stand.http.get(IPS, headers=HERE)
        shown = await wxgate_process("stats", "cache", *at_gate)
        assert shown.exit_code == 0, shown.output
        assert re.search(
            r"^response +memory +main +- +- +1 +1 +0.5 ", shown.stdout, re.MULTILINE
        ), shown.stdout
        assert re.search(r"^main +\d+ +\d+ +cold=1$", shown.stdout, re.MULTILINE)
        assert "processes: 1" in shown.stdout
        told = await wxgate_process("stats", "cache", "--json", *at_gate)
        assert json.loads(told.stdout)["processes"] == 1
        cleared = await wxgate_process("cache", "clear", "response", "-a", "main", *at_gate)
        assert cleared.stdout == "response: main\n"
        answer = await stand.http.get(IPS, headers=HERE)
        assert answer.headers["x-wxgate-cache"] == "miss"
        warmed = await wxgate_process("cache", "warm", "response", "--path", IPS, *at_gate)
        assert f"response: main {IPS}: ok" in warmed.stdout
        token = await wxgate_process("cache", "warm", "token", *at_gate)
        assert "token: main: ok" in token.stdout
        refused = await wxgate_process("cache", "clear", "nonce", *at_gate)
        assert refused.exit_code == 1


def test_the_limits_own_redis_stands_beside_it() -> None:
    redis = {"kind": "single", "nodes": 1, "up": True, "since": "T"}
    told: dict[str, Any] = {
        "since": "S",
        "processes": 1,
        "caches": [],
        "tokens": {},
        "redis": redis,
        "redis_limits": {**redis, "up": False},
    }
    assert cache_view(told).endswith(
        ", redis: single of 1, up since T, redis_limits: single of 1, down since T"
    )


def test_a_redis_that_is_down_is_said() -> None:
    told = {
        "processes": 2,
        "since": "S",
        "caches": [],
        "tokens": {},
        "redis": {"kind": "cluster", "nodes": 3, "up": False, "since": "T"},
    }
    assert cache_view(told).endswith(
        "processes: 2, counted since S, redis: cluster of 3, down since T"
    )
