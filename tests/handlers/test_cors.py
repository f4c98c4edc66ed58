import httpx
import structlog

from handlers.cors import Cors
from tests.gateway import Gateway
from tests.handlers.relaying import ADD, COUNT


async def test_cors_lets_the_named_origins_in(gateway: Gateway) -> None:
    app = Cors(gateway.relay, ["https://md.example.com"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gate") as http:
        ours, theirs = {"origin": "https://md.example.com"}, {"origin": "https://evil.example"}
        answer = await http.get(COUNT, headers=ours)
        assert answer.headers["access-control-allow-origin"] == "https://md.example.com"
        answer = await http.get(COUNT, headers=theirs)
        assert "access-control-allow-origin" not in answer.headers
        preflight = {"access-control-request-method": "POST"}
        answer = await http.options(ADD, headers=ours | preflight)
        assert answer.status_code == 204
        allowed = answer.headers["access-control-allow-headers"]
        asked = {"Authorization", "X-Wxgate-Timeout", "X-Wxgate-Enhance", "Cache-Control"}
        assert asked <= set(allowed.split(", "))
        exposed = answer.headers["access-control-expose-headers"]
        assert {"X-Wxgate-Error", "X-Wxgate-Enhance", "X-Wxgate-Lint"} <= set(exposed.split(", "))
        with structlog.testing.capture_logs() as told:
            answer = await http.options(ADD, headers=theirs | preflight)
        assert answer.json()["errcode"] == 43002
        said = [each["origin"] for each in told if each["event"] == "origin not listed"]
        assert said == ["https://evil.example"]  # the page is told nothing that it could show


async def test_what_depends_on_the_origin_says_so_to_caches(gateway: Gateway) -> None:
    app = Cors(gateway.relay, ["https://md.example.com"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gate"
    ) as http:
        for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
            answer = await http.get(COUNT, headers=headers)
            assert answer.headers["vary"] == "Origin"
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_page_of_the_internet_may_reach_a_gateway_at_home(gateway: Gateway) -> None:
    app = Cors(gateway.relay, ["https://md.example.com"])
    asked = {
        "origin": "https://md.example.com",
        "access-control-request-method": "POST",
        "access-control-request-private-network": "true",
    }
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://gate"
    ) as http:
        answer = await http.options(ADD, headers=asked)
        assert answer.headers["access-control-allow-private-network"] == "true"
        answer = await http.options(ADD, headers=asked | {"origin": "https://evil.example"})
        assert "access-control-allow-private-network" not in answer.headers
