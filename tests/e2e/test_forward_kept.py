"""A connection through the forward proxy that is kept while things change behind it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.settings import Settings
from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.test_forward import FORWARD, MAIN, proxy_url, tool, trusting

OPS_KEY = "wxg_ops_0123456789abcdefghijklmno"
COUNT = "/cgi-bin/draft/count"
BLOG = {
    "id": "blog",
    "key": KEY,
    "accounts": ["main"],
    "scopes": ["relay:read"],
    "rate_limit": "60000/minute",
}
OPS = {"id": "ops", "key": OPS_KEY, "accounts": ["main"], "scopes": ["admin"]}
OTHER_KEY = "wxg_blog_zyxwvutsrqponmlkjihgfedcb"
TURNED = "wxg_blog_zzzzzzzzzzzzzzzzzzzzzzzz"


@pytest.fixture
async def stand(open_stand: Opens) -> AsyncIterator[Stand]:
    async with open_stand({**FORWARD, "clients": [BLOG, OPS]}) as opened:
        yield opened


class Kept:
    """Calls over one connection; which one it was is looked at each time."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._port: Any = None

    async def call(self, path: str = COUNT) -> tuple[int, Any]:
        answer = await self._http.get(path, headers=MAIN)
        stream = answer.extensions["network_stream"]
        port = stream.get_extra_info("client_addr")
        assert self._port in (None, port), "this is another connection"
        self._port = port
        said = answer.json()
        return answer.status_code, said["error"]["code"] if "error" in said else None


async def take_up(stand: Stand, **sections: Any) -> None:
    """Let the configuration file say something else of these sections."""
    assert stand.gateway is not None
    await stand.gateway.reloader.reload(lambda: Settings(**{**stand.config, **sections}))


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "the client is gone": ({"clients": [OPS]}, "auth_key_wrong"),
    "its key is another": ({"clients": [{**BLOG, "key": OTHER_KEY}, OPS]}, "auth_key_wrong"),
    "its time is over": (
        {"clients": [{**BLOG, "expires_at": "2001-01-01T00:00:00Z"}, OPS]},
        "auth_key_expired",
    ),
    "it calls from elsewhere": (
        {"clients": [{**BLOG, "allow_ips": ["192.0.2.0/24"]}, OPS]},
        "ip_not_allowed",
    ),
    "its scope is another": ({"clients": [{**BLOG, "scopes": ["stats"]}, OPS]}, "scope_missing"),
    "a rule denies it": ({"relay": {"rules": [{"path": COUNT, "action": "deny"}]}}, "path_denied"),
    "a limit is there": ({"limits": {COUNT: "1/hour"}}, "rate_limited"),
}


async def test_what_changes_in_the_file_counts_at_the_next_call(stand: Stand) -> None:
    async with tool(stand) as http:
        kept = Kept(http)
        for name, (change, code) in CHANGES.items():
            assert await kept.call() == (200, None), name
            await take_up(stand, **change)
            if code == "rate_limited":
                await kept.call()
            assert await kept.call() == (200, code), name
            await take_up(stand)
        # Nothing was held against it: what came back is taken again.
        assert await kept.call() == (200, None)


async def test_a_key_whose_successor_is_there_still_works_on_it(stand: Stand) -> None:
    async with tool(stand) as http:
        kept = Kept(http)
        assert await kept.call() == (200, None)
        turned = {**BLOG, "key": TURNED, "previous_key": KEY}
        await take_up(stand, clients=[turned, OPS])
        assert await kept.call() == (200, None)


async def test_a_client_of_the_store_is_disabled_and_its_key_revoked(stand: Stand) -> None:
    url, new = "/v1/admin/clients", {"id": "shop", "accounts": ["main"], "scopes": ["relay:read"]}
    ops = {"Authorization": f"Bearer {OPS_KEY}"}
    made = (await stand.http.post(url, json=new, headers=ops)).json()
    proxy = proxy_url(stand, made["key"], "shop")
    async with tool(stand, proxy=proxy) as http:
        kept = Kept(http)
        assert await kept.call() == (200, None)
        for disabled, code in ((True, "auth_client_disabled"), (False, None)):
            await stand.http.patch(f"{url}/shop", json={"disabled": disabled}, headers=ops)
            assert await kept.call() == (200, code)
        await stand.http.post(f"{url}/shop/keys", headers=ops, json={"overlap_s": 60})
        assert await kept.call() == (200, None)
        old = made["keys"][0]["id"]
        await stand.http.delete(f"{url}/shop/keys/{old}", headers=ops)
        assert await kept.call() == (200, "auth_key_wrong")
        with pytest.raises(httpx.ProxyError, match="407"):
            async with tool(stand, proxy=proxy) as another:
                await another.get(COUNT)


async def test_what_needs_a_restart_is_told_and_changes_nothing(stand: Stand) -> None:
    async with tool(stand, verify=trusting(stand)) as http:
        kept = Kept(http)
        assert await kept.call() == (200, None)
        changed = {"listen": "127.0.0.1:1", "mode": "tunnel", "tunnels_per_client": 1}
        await take_up(stand, forward=changed)
        assert await kept.call() == (200, None)
        headers = {"Authorization": f"Bearer {OPS_KEY}"}
        doctor = (await stand.http.get("/v1/doctor", headers=headers)).json()
        (finding,) = [each for each in doctor["findings"] if each["name"] == "configuration"]
        assert "forward.mode, forward.tunnels_per_client" in finding["found"]["en"]
