import httpx

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
        answer = await http.options(ADD, headers=theirs | preflight)
        assert answer.json()["errcode"] == 43002
