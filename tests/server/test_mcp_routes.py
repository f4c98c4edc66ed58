import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from limits import RateLimitItemPerMinute

from tests.e2e.conftest import KEY, Opens, Stand

ACCEPTS = {"Accept": "application/json, text/event-stream"}
PAGE = "https://inspector.example.com"
_START = """
import asyncio, sys
from server.doors import listen_on
from server.process import gateway_in_background
from server.settings import Settings

async def main():
    with listen_on("127.0.0.1:0") as listener:
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        server = {"listen": url[7:], "public_url": url, "data_dir": sys.argv[1]}
        async with gateway_in_background(Settings(server=server), listener):
            print([name for name in sys.modules if name.partition(".")[0].startswith("mcp")])

asyncio.run(main())
"""


def test_the_sdk_is_imported_only_where_agents_are_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _START, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "[]" in done.stdout.splitlines()  # among what is logged


async def test_a_tool_counts_on_the_limit_of_the_route_that_does_the_same(
    open_stand: Opens,
) -> None:
    one = "POST /v1/accounts/{account}"
    same = {
        "render": ("POST /v1/render", 120),
        "lint": ("POST /v1/lint", 120),
        "list_themes": ("GET /v1/themes", 60),
        "create_draft": (f"{one}/articles", 120),
        "publish": (f"{one}/drafts/{{media_id}}/publish", 120),
        "schedule": (f"{one}/drafts/{{media_id}}/publish", 120),
    }
    async with open_stand({"mcp": {"enabled": True}}) as stand:
        windows = stand.app.state.limiter.limiter
        for tool, (scope, most) in same.items():
            assert await _code(stand, tool) != "rate_limited"
            windows.hit(RateLimitItemPerMinute(most), "client blog", scope, cost=most - 1)
            assert await _code(stand, tool) == "rate_limited"
            windows.storage.reset()


def _calling(tool: str) -> dict[str, Any]:
    params = {"name": tool, "arguments": {}}
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}


async def _code(stand: Stand, tool: str) -> str:
    answer = await stand.http.post("/mcp", json=_calling(tool), headers=ACCEPTS)
    found: str = answer.json()["result"]["structuredContent"].get("error", {}).get("code", "")
    return found


async def test_a_page_that_may_call_gets_through_what_its_browser_asks(open_stand: Opens) -> None:
    change: dict[str, Any] = {"mcp": {"enabled": True, "allowed_origins": [PAGE]}}
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, mcp-protocol-version",
    }
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with (
        open_stand(change) as stand,
        httpx.AsyncClient(base_url=stand.url, trust_env=False) as page,
    ):
        asked = await page.options("/mcp", headers={"Origin": PAGE, **asks})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == PAGE
        allowed = asked.headers["access-control-allow-headers"].lower()
        assert {"authorization", "content-type", "mcp-protocol-version"} <= set(allowed.split(", "))
        key = {"Authorization": f"Bearer {KEY}"}
        answer = await page.post("/mcp", json=ping, headers={"Origin": PAGE, **key})
        assert (answer.status_code, answer.json()["result"]) == (200, {})
        assert answer.headers["access-control-allow-origin"] == PAGE
        refused = await page.post("/mcp", json=ping, headers={"Origin": PAGE})
        assert refused.headers["access-control-allow-origin"] == PAGE  # so that it can be read
        for method in ("GET", "DELETE"):
            answer = await page.request(method, "/mcp", headers={"Origin": PAGE, **key})
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
            assert answer.headers["access-control-allow-origin"] == PAGE
        for origin in ("https://evil.example.com", "null"):
            answer = await page.options("/mcp", headers={"Origin": origin, **asks})
            assert answer.status_code == 405
            answer = await page.post("/mcp", json=ping, headers={"Origin": origin, **key})
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_bodies_of_all_doors_share_one_budget(open_stand: Opens) -> None:
    change: dict[str, Any] = {"mcp": {"enabled": True}, "jobs": {"max_bodies_mb": 4}}
    async with open_stand(change) as stand:
        _, writer = await asyncio.open_connection("127.0.0.1", int(stand.url.rsplit(":")[-1]))
        announced = (
            f"POST /mcp HTTP/1.1\r\nHost: {stand.url[7:]}\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Type: application/json\r\nContent-Length: 3900000\r\n\r\n{"
        )
        writer.write(announced.encode())
        async with asyncio.timeout(30):
            while (answer := await _article_of(stand, 200_000)).status_code != 503:
                assert answer.status_code == 202
        assert answer.json()["error"]["code"] == "server_busy"
        writer.close()
        async with asyncio.timeout(30):
            while (await _article_of(stand, 200_000)).status_code == 503:
                await asyncio.sleep(0.05)


async def _article_of(stand: Stand, n: int) -> httpx.Response:
    fields = {"html": f"<p>{'x' * n}</p>", "title": "t"}
    return await stand.http.post("/v1/accounts/main/articles", json=fields)
