import asyncio
from typing import Any

import httpx
import pytest
from starlette.routing import Match

from server.replica_routes import RelayRoute
from tests.e2e.conftest import KEY

ADMIN_KEY = "wxg_ops_0123456789abcdefghijklmn"
OPS_PAGES = ("/metrics", "/openapi.json", "/docs", "/docs/start.js")


async def _no_relay(*_arguments: Any) -> None:
    pass


@pytest.mark.parametrize(
    ("kind", "path", "match"),
    [
        ("http", "/cgi-bin/token", Match.FULL),
        ("http", "/wx/cgi-bin/token", Match.FULL),
        ("http", "/cgi-bin", Match.FULL),
        ("http", "/cgi-binary/token", Match.NONE),
        ("http", "/v1/cgi-bin/token", Match.NONE),
        ("http", "//cgi-bin/token", Match.NONE),
        ("http", "/", Match.NONE),
        ("http", "*", Match.NONE),
        ("http", "", Match.NONE),
        ("websocket", "/cgi-bin/token", Match.NONE),
    ],
)
def test_the_relay_takes_known_first_segments_alone(kind: str, path: str, match: Match) -> None:
    route = RelayRoute(_no_relay, frozenset({"cgi-bin", "wx"}))
    assert route.matches({"type": kind, "path": path}) == (match, {})


@pytest.mark.parametrize("path", ["/", "/nothing", "/v1", "/health/", "/docs/", "/v2/jobs", "//v1"])
async def test_an_unknown_path_is_a_404_in_the_contracts_form(stand: Any, path: str) -> None:
    response = await stand.http.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    assert "location" not in response.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/health", {"GET", "HEAD"}),
        ("DELETE", "/v1/render", {"POST"}),
        ("PUT", "/v1/jobs/job_1/cancel", {"POST"}),
        ("POST", "/metrics", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    stand: Any, method: str, path: str, allowed: set[str]
) -> None:
    response = await stand.http.request(method, path)
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("line", "status"),
    [("OPTIONS * HTTP/1.1", b"404"), ("GET /%00 HTTP/1.1", b"404"), ("GET x HTTP/1.1", b"400")],
)
async def test_odd_request_lines_are_refused_in_order(stand: Any, line: str, status: bytes) -> None:
    host, _, port = stand.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ", 2)[1] == status


@pytest.mark.parametrize("path", OPS_PAGES)
async def test_ops_pages_are_open_to_loopback(stand: Any, path: str) -> None:
    async with httpx.AsyncClient(base_url=stand.url, trust_env=False) as anybody:
        assert (await anybody.get(path)).status_code == 200


async def test_ops_pages_want_an_admin_from_elsewhere(open_stand: Any) -> None:
    admin = {"id": "ops", "key": ADMIN_KEY, "accounts": ["main"], "scopes": ["admin"]}
    user = {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["stats"]}
    change = {"server": {"ops_networks": ["192.0.2.0/24"]}, "clients": [admin, user]}
    async with open_stand(change) as stand:
        for path in OPS_PAGES:
            for headers, status in (
                ({"Authorization": ""}, 401),
                ({"Authorization": f"Bearer {KEY}"}, 403),
                ({"Authorization": f"Bearer {ADMIN_KEY}"}, 200),
            ):
                response = await stand.http.get(path, headers=headers)
                assert response.status_code == status, path
        # Probes of load balancers carry no key.
        response = await stand.http.get("/health/ready", headers={"Authorization": ""})
        assert response.status_code == 200
